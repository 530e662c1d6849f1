/**
 * What a button says while that which it began is under way; pressing it again is for its owner to pass over. It is not
 * `disabled`, which would take the focus from whoever has just pressed it.
 */
export const whileBusy = (isBusy: boolean) => (isBusy ? ({ "aria-busy": true, "aria-disabled": true } as const) : {});
