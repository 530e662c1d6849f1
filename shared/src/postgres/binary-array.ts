/**
 * Arrays as parameters of `unnest($1::text[], $2::int8[], …)`, in Postgres' binary form.
 *
 * `pg` sends a Buffer as it is, marked as binary; a JS array it turns into the text form `{"a","b"}`, which costs an
 * escaping on this side and a parsing on the server's for every element. The server checks the element type, so the
 * cast in the statement must name exactly the type of the function used.
 *
 * The form (array_recv in Postgres' arrayfuncs.c), all integers big-endian:
 *
 *     int32 dimensions (1, or 0 for an empty array) · int32 1 if there is a NULL, else 0 · int32 OID of the element type
 *     int32 length · int32 index of the first element (1)          — once per dimension, so not for an empty array
 *     int32 bytes of the element, or -1 for NULL · the bytes       — for each element
 *
 * A text with a NUL is refused by the server (22021); a lone surrogate becomes U+FFFD: both are for the edge to refuse.
 */
type Nullable<T> = readonly (T | null)[];

const OID = { bool: 16, int8: 20, int2: 21, int4: 23, text: 25, timestamptz: 1184, uuid: 2950, jsonb: 3802 } as const;

const HEADER_BYTES = 20;
const EMPTY_HEADER_BYTES = 12;
const LENGTH_BYTES = 4;
const NULL_LENGTH = -1;

const TWO_TO_32 = 2 ** 32;

/** Postgres counts microseconds from the first moment of 2000, in UTC. */
const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);

/** The first byte of a jsonb is its version; there is one. */
const JSONB_VERSION = 1;

/** `$n::int2[]`; a value out of range is a RangeError, as in all of these. */
export function int2Array(values: Nullable<number>): Buffer {
  return fixedSize(OID.int2, 2, values, (buffer, value, at) => buffer.writeInt16BE(integer(value), at));
}

/** `$n::int4[]` */
export function int4Array(values: Nullable<number>): Buffer {
  return fixedSize(OID.int4, 4, values, (buffer, value, at) => buffer.writeInt32BE(integer(value), at));
}

/** `$n::int8[]`; numbers are safe integers. */
export function int8Array(values: Nullable<number | bigint>): Buffer {
  return fixedSize(OID.int8, 8, values, (buffer, value, at) => {
    if (typeof value === "bigint") buffer.writeBigInt64BE(value, at);
    else writeInt64(buffer, integer(value), at);
  });
}

/** `$n::bool[]` */
export function boolArray(values: Nullable<boolean>): Buffer {
  return fixedSize(OID.bool, 1, values, (buffer, value, at) => buffer.writeUInt8(value ? 1 : 0, at));
}

/** `$n::timestamptz[]`, from Dates or milliseconds since 1970. */
export function timestamptzArray(values: Nullable<Date | number>): Buffer {
  return fixedSize(OID.timestamptz, 8, values, (buffer, value, at) => {
    const milliseconds = integer(Number(value)) - POSTGRES_EPOCH_MS;
    const microseconds = milliseconds * 1_000;
    // Exact for 285 years around 2000; what lies beyond is rare enough for a BigInt.
    if (Number.isSafeInteger(microseconds)) writeInt64(buffer, microseconds, at);
    else buffer.writeBigInt64BE(BigInt(milliseconds) * 1_000n, at);
  });
}

/** `$n::uuid[]`, from the form with or without hyphens. */
export function uuidArray(values: Nullable<string>): Buffer {
  return fixedSize(OID.uuid, 16, values, (buffer, value, at) => {
    const digits = value.replaceAll("-", "");
    // `write` stops silently at the first character that is no hexadecimal digit.
    if (digits.length !== 32 || buffer.write(digits, at, 16, "hex") !== 16) throw new RangeError("not a UUID");
  });
}

/** `$n::text[]` */
export function textArray(values: Nullable<string>): Buffer {
  return variableSize(OID.text, Buffer.alloc(0), values);
}

/** `$n::jsonb[]`, from JSON texts as `JSON.stringify` makes them; `null` is SQL's NULL, `"null"` JSON's. */
export function jsonbArray(values: Nullable<string>): Buffer {
  return variableSize(OID.jsonb, Buffer.of(JSONB_VERSION), values);
}

function fixedSize<T>(
  oid: number,
  bytes: number,
  values: Nullable<T>,
  write: (buffer: Buffer, value: T, at: number) => void,
): Buffer {
  const nulls = countNulls(values);
  const buffer = allocate(
    oid,
    values.length,
    nulls > 0,
    values.length * LENGTH_BYTES + (values.length - nulls) * bytes,
  );
  let at = HEADER_BYTES;
  for (const value of values) {
    at = buffer.writeInt32BE(value === null ? NULL_LENGTH : bytes, at);
    if (value === null) continue;
    write(buffer, value, at);
    at += bytes;
  }
  return buffer;
}

function variableSize(oid: number, prefix: Buffer, values: Nullable<string>): Buffer {
  let bytes = 0;
  for (const value of values) bytes += LENGTH_BYTES + (value === null ? 0 : prefix.length + Buffer.byteLength(value));
  const buffer = allocate(oid, values.length, countNulls(values) > 0, bytes);
  let at = HEADER_BYTES;
  for (const value of values) {
    if (value === null) {
      at = buffer.writeInt32BE(NULL_LENGTH, at);
      continue;
    }
    const start = at + LENGTH_BYTES;
    buffer.set(prefix, start);
    const written = prefix.length + buffer.write(value, start + prefix.length);
    buffer.writeInt32BE(written, at);
    at = start + written;
  }
  return buffer;
}

/** A buffer with its header written. Every byte after it is the caller's to write: the memory is not zeroed. */
function allocate(oid: number, length: number, hasNulls: boolean, elementBytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(length === 0 ? EMPTY_HEADER_BYTES : HEADER_BYTES + elementBytes);
  buffer.writeInt32BE(length === 0 ? 0 : 1, 0);
  buffer.writeInt32BE(hasNulls ? 1 : 0, 4);
  buffer.writeInt32BE(oid, 8);
  if (length > 0) {
    buffer.writeInt32BE(length, 12);
    buffer.writeInt32BE(1, 16);
  }
  return buffer;
}

function countNulls(values: Nullable<unknown>): number {
  let nulls = 0;
  for (const value of values) if (value === null) nulls += 1;
  return nulls;
}

/** Two halves instead of a BigInt: no allocation, and this runs for every position of every record. */
function writeInt64(buffer: Buffer, value: number, at: number): void {
  const high = Math.floor(value / TWO_TO_32);
  buffer.writeInt32BE(high, at);
  buffer.writeUInt32BE(value - high * TWO_TO_32, at + LENGTH_BYTES);
}

function integer(value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no safe integer`);
  return value;
}
