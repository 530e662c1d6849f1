/** Enter ends what is written, where it does not choose a word or, with Shift, begin a line. */
export const isSendKey = ({ key, shiftKey, isComposing }: KeyboardEvent): boolean =>
  key === "Enter" && !shiftKey && !isComposing;
