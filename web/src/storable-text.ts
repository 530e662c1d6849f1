/** As the server takes it: it refuses a text with NUL or half of a character, which whoever pasted it cannot see. */
export const storableText = (text: string): string => text.replaceAll("\0", "").toWellFormed();
