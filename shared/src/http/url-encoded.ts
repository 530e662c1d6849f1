import { Rejection } from "../rejection.ts";

/** A repeated name is a list; the object has no prototype, so no name in it is special. */
export type UrlEncoded = Record<string, string | string[]>;

/**
 * Parses a query string or a form. Node's own parsers turn bytes that are no UTF-8 into U+FFFD, so that what is stored
 * is not what was sent: here they are refused.
 */
export function parseUrlEncoded(text: string): UrlEncoded {
  const fields = Object.create(null) as UrlEncoded;
  if (text === "") return fields;
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decode(pair.slice(equals + 1));
    const before = fields[name];
    if (before === undefined) fields[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else fields[name] = [before, value];
  }
  return fields;
}

function decode(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw /%(?![0-9a-f]{2})/i.test(spaced)
      ? new Rejection("malformed_request", "A percent sign must be followed by two hexadecimal digits.")
      : new Rejection("invalid_utf8", "The percent-encoded text is not UTF-8.");
  }
}
