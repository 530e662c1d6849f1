import { crc32 } from "node:zlib";

/**
 * How far somebody has got in every partition, as clients carry it: `Chat-Position`, `at`, `cursor=`. Opaque to them.
 *
 * Four characters that tell this log from another, then one offset per partition, each a varint of base64url digits:
 * five bits a digit, lowest first, and the sixth bit says that more follow. So 16 partitions of up to a billion
 * records each take at most 100 characters, and when one partition moves only its own piece changes.
 */
export interface Cursor {
  /** To be compared with `shortLogId(log.id)`: an offset means nothing in another log. */
  readonly log: string;
  /** The next offset, by partition. */
  readonly offsets: readonly number[];
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const digitValues = new Map(Array.from(digits).map((digit, value) => [digit, value]));
const payload = 32;
/** An offset is a safe integer: 53 bits. */
const maxDigitsPerOffset = 11;
const logIdLength = 4;

/** 24 bits are enough: of the few logs that one installation ever has, two look alike once in 16 million. */
export function shortLogId(logId: string): string {
  const hash = crc32(logId) >>> 8;
  return digit(hash >>> 18) + digit(hash >>> 12) + digit(hash >>> 6) + digit(hash);
}

export function encodeCursor(logId: string, offsets: readonly number[]): string {
  let text = shortLogId(logId);
  for (const offset of offsets) text += encodeOffset(offset);
  return text;
}

/** Null for whatever `encodeCursor` cannot have written. That the offsets exist is for the caller to check. */
export function decodeCursor(text: string): Cursor | null {
  const offsets: number[] = [];
  let offset = 0;
  let place = 0;
  for (let at = 0; at < text.length; at += 1) {
    const value = digitValues.get(text.charAt(at));
    if (value === undefined) return null;
    if (at < logIdLength) continue;
    const more = value >= payload;
    offset += (value % payload) * payload ** place;
    place += 1;
    if (more && place < maxDigitsPerOffset) continue;
    // A number has one form: it ends with a digit that is needed.
    if (more || !Number.isSafeInteger(offset) || (value === 0 && place > 1)) return null;
    offsets.push(offset);
    offset = 0;
    place = 0;
  }
  return place === 0 && offsets.length > 0 ? { log: text.slice(0, logIdLength), offsets } : null;
}

export interface MovingCursor {
  /** Moves one partition and returns the whole cursor. */
  advance(partition: number, offset: number): string;
  text(): string;
}

/**
 * For whoever writes a cursor after every event: only the piece that moved is made anew, and as long as it is the same
 * partition that moves, what stands before and behind it is not put together again.
 */
export function createMovingCursor(logId: string, offsets: readonly number[]): MovingCursor {
  const log = shortLogId(logId);
  const pieces = offsets.map(encodeOffset);
  let whole = log + pieces.join("");
  let moved = -1;
  let before = "";
  let behind = "";
  return {
    advance(partition, offset) {
      if (partition >= pieces.length) throw new RangeError(`there is no partition ${partition}`);
      const piece = encodeOffset(offset);
      pieces[partition] = piece;
      if (partition !== moved) {
        moved = partition;
        before = log + pieces.slice(0, partition).join("");
        behind = pieces.slice(partition + 1).join("");
      }
      return (whole = before + piece + behind);
    },
    text: () => whole,
  };
}

function encodeOffset(offset: number): string {
  if (!Number.isSafeInteger(offset) || offset < 0) throw new RangeError(`${offset} is no offset`);
  let rest = offset;
  let text = "";
  for (; rest >= payload; rest = Math.floor(rest / payload)) text += digit(payload + (rest % payload));
  return text + digit(rest);
}

function digit(value: number): string {
  return digits.charAt(value & 63);
}
