import pg from "pg";

/**
 * Readers for answers that hold whole columns as arrays in one row: a hundred rows of ten fields cost `pg` three times
 * as much, and its own reader of arrays goes through them letter by letter.
 *
 * `int8` and its arrays are decimal texts, since ours are user ids. Arrays are of values that need no quotes (numbers,
 * booleans, UUIDs) and not nested; texts that people write come as `json_agg`. All else is read as `pg` reads it.
 */
export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser: (oid: number) => readers.get(oid) ?? (pg.types.getTypeParser(oid, "text") as ReadText),
};

type ReadText = (text: string) => unknown;

/** `{1,NULL,3}` without its braces. */
const inner = (text: string): string => text.slice(1, -1);
const readWords: ReadText = (text) => (text === "{}" ? [] : inner(text).split(","));
const readNumbers: ReadText = (text) => JSON.parse(`[${inner(text).replaceAll("NULL", "null")}]`) as unknown;
const readFlags: ReadText = (text) => (text === "{}" ? [] : inner(text).split(",").map(readFlag));
const readFlag = (word: string): boolean | null => (word === "NULL" ? null : word === "t");

/** By OID, as pg_type has them. */
const readers: ReadonlyMap<number, ReadText> = new Map([
  [20, (text: string): unknown => text], // int8
  [1016, readWords], // int8[]
  [2951, readWords], // uuid[]
  [1000, readFlags], // bool[]
  [1007, readNumbers], // int4[]
  [1022, readNumbers], // float8[]
]);
