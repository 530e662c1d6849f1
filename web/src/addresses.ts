export interface TextPart {
  readonly text: string;
  /** Whether it is an address of the web, and all of it. */
  readonly isAddress: boolean;
}

/**
 * From `http://` or `https://` up to what no address holds as it is: blanks, quotation marks, angle brackets, and what cannot be
 * seen, by which an address could look like another one.
 */
const ADDRESS = /(?<![a-z0-9+.-])https?:\/\/[^\p{C}\p{Z}<>"«»„“”`]+/giu;
/** Browsers take more; nobody writes them by hand, and each is looked through from its end. */
const MAX_ADDRESS = 2_000;
const CLOSING = new Map([
  [")", "("],
  ["]", "["],
  ["}", "{"],
]);

/** A text in parts, which together are the text: those that are addresses, and what stands between them. */
export function partsOfText(text: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = found.length > MAX_ADDRESS ? "" : withoutPunctuation(found);
    if (!leadsSomewhere(address)) continue;
    if (index > end) parts.push({ text: text.slice(end, index), isAddress: false });
    parts.push({ text: address, isAddress: true });
    end = index + address.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), isAddress: false });
  return parts;
}

/** What ends the sentence, or the bracket in which an address stands, is no part of it; a bracket that begins within it is. */
function withoutPunctuation(address: string): string {
  const unopened = new Map(
    [...CLOSING].map(([closing, opening]) => [closing, countOf(address, closing) - countOf(address, opening)]),
  );
  let end = address.length;
  for (; end > 0; end -= 1) {
    const last = address.charAt(end - 1);
    if (/[.,;:!?…'’*_~|\\]/u.test(last)) continue;
    const more = unopened.get(last) ?? 0;
    if (more <= 0) break;
    unopened.set(last, more - 1);
  }
  return address.slice(0, end);
}

const countOf = (text: string, character: string): number => text.split(character).length - 1;

/**
 * A host in letters of any language, and all of what stands before the path. A name in front of it, as in
 * `https://bank.example@evil.example`, or what only looks like a slash behind it, is there to mislead.
 */
const HOST = /^https?:\/\/[\p{L}\p{M}\p{N}.:[\]_-]+(?=[/?#]|$)/iu;

const leadsSomewhere = (address: string): boolean => HOST.test(address) && URL.canParse(address);
