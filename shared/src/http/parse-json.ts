import { Rejection } from "../rejection.ts";
import { findUnstorableText } from "./storable-text.ts";

/** Deeper than anything we take. A recursive reader of 64 KiB of brackets could overflow its stack, in us or in what reads our log. */
export const MAX_JSON_DEPTH = 32;

/** Fatal: what is no UTF-8 is refused, where the default would put U+FFFD in its place. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads JSON as it came from the network. Rejects with invalid_utf8, too_deep, malformed_json or validation_failed (NUL, lone surrogate). */
export function parseJson(bytes: Buffer): unknown {
  const value = parseAnyJson(bytes);
  refuseUnstorableJson(bytes, value);
  return value;
}

/** What was parsed from `bytes` must not hold NUL or a lone surrogate: for those who must first know what they were sent. */
export function refuseUnstorableJson(bytes: Buffer, value: unknown): void {
  // Only an escape can bring one: JSON forbids a bare NUL and UTF-8 a bare surrogate. Most texts have none.
  if (bytes.includes("\\u")) refuseUnstorableText(value);
}

/** As `parseJson`, but what it holds may be such that Postgres refuses it. `what`: the sender's word for the bytes. */
export function parseAnyJson(bytes: Uint8Array, what: "body" | "frame" = "body"): unknown {
  const text = decodeUtf8(bytes, what);
  if (isDeeperThan(MAX_JSON_DEPTH, text)) {
    throw new Rejection("too_deep", `The JSON is nested more than ${MAX_JSON_DEPTH} levels deep.`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Rejection("malformed_json", `The ${what} is not valid JSON.`);
  }
}

export function decodeUtf8(bytes: Uint8Array, what: "body" | "frame" = "body"): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Rejection("invalid_utf8", `The ${what} is not valid UTF-8.`);
  }
}

export function refuseUnstorableText(value: unknown, where: "body" | "query" = "body"): void {
  const pointer = findUnstorableText(value);
  if (pointer === null) return;
  throw new Rejection("validation_failed", "A text holds a NUL or half of a surrogate pair.", {
    errors: [{ in: where, pointer, detail: "must not hold NUL or a lone surrogate" }],
  });
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Counts brackets outside of strings, before anything is parsed and without recursion. */
function isDeeperThan(limit: number, text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (inString) {
      if (unit === BACKSLASH) index += 1;
      else if (unit === QUOTE) inString = false;
    } else if (unit === QUOTE) inString = true;
    // "[" and "{", "]" and "}" differ in one bit only.
    else if ((unit | 0x20) === 0x7b) {
      depth += 1;
      if (depth > limit) return true;
    } else if ((unit | 0x20) === 0x7d) depth -= 1;
  }
  return false;
}
