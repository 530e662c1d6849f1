/** As the server takes it: it refuses a text with NUL or half of a character, which whoever pasted it cannot see. */
export const storableText = (text: string): string => text.replaceAll("\0", "").toWellFormed();

/** In UTF-8, as the server counts what it takes as a message's text. */
const MAX_TEXT_BYTES = 16 * 1024;
/** What no UTF-16 unit takes more bytes than. */
const MAX_BYTES_EACH = 3;

/** How many UTF-16 units at its end are too many for a message; 0 when it can be sent. */
export function unitsTooMany(text: string): number {
  if (text.length * MAX_BYTES_EACH <= MAX_TEXT_BYTES) return 0;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_TEXT_BYTES));
  return text.length - read;
}
