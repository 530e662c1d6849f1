import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { anyText } from "../testing/any-text.ts";
import * as binary from "./binary-array.ts";
import { createSpecDatabase } from "../testing/with-postgres.ts";

const RUNS = { numRuns: 100 };

/** What Postgres can hold: no NUL; what JavaScript can encode: no lone surrogate. */
const text = anyText({ maxLength: 40 }).filter((value) => !value.includes("\0"));
const json = fc.jsonValue().filter((value) => !JSON.stringify(value).includes("\\u0000"));
const arrayOf = <T>(element: fc.Arbitrary<T>): fc.Arbitrary<(T | null)[]> =>
  fc.array(fc.option(element), { maxLength: 30 });

describe("binary arrays", () => {
  let database: Awaited<ReturnType<typeof createSpecDatabase>>;
  beforeAll(async () => (database = await createSpecDatabase()));
  afterAll(() => database.drop());

  /** What the server makes of the buffer, element by element, as text. */
  async function read(type: string, parameter: Buffer): Promise<unknown[]> {
    const { rows } = await database.pool.query<{ value: unknown }>(
      `SELECT value FROM unnest($1::${type}[]) WITH ORDINALITY AS elements (value, place) ORDER BY place`,
      [parameter],
    );
    return rows.map(({ value }) => value);
  }

  it.each([
    ["int2", binary.int2Array, fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 })],
    ["int4", binary.int4Array, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })],
    ["int8", binary.int8Array, fc.maxSafeInteger()],
  ] as const)("bring every %s back", async (type, encode, element) => {
    await fc.assert(
      fc.asyncProperty(arrayOf(element), async (values) => expect(await read(type, encode(values))).toEqual(values)),
      RUNS,
    );
  });

  it("bring every text back, whatever would have needed escaping", async () => {
    const check = async (values: (string | null)[]): Promise<void> =>
      expect(await read("text", binary.textArray(values))).toEqual(values);
    await fc.assert(fc.asyncProperty(arrayOf(text), check), RUNS);
    await check(['{"a",b}', "\\", "NULL", "", null, "😀\n'"]);
  });

  it("bring every boolean back", async () => {
    const values = [true, null, false];
    expect(await read("bool", binary.boolArray(values))).toEqual(values);
  });

  it("bring every moment back, before 1970 and before 2000 too", async () => {
    const moment = fc.date({
      min: new Date("0001-01-01T00:00:00Z"),
      max: new Date("9999-12-31T00:00:00Z"),
      noInvalidDate: true,
    });
    await fc.assert(
      fc.asyncProperty(arrayOf(moment), async (values) => {
        const dates = await read("timestamptz", binary.timestamptzArray(values));
        expect(dates).toEqual(values);
        const numbers = values.map((value) => value?.getTime() ?? null);
        expect(await read("timestamptz", binary.timestamptzArray(numbers))).toEqual(dates);
      }),
      RUNS,
    );
  });

  it("bring every UUID back", async () => {
    await fc.assert(
      fc.asyncProperty(arrayOf(fc.uuid()), async (values) =>
        expect(await read("uuid", binary.uuidArray(values))).toEqual(values),
      ),
      RUNS,
    );
  });

  it("hand over every JSON value as it is, and keep its null apart from NULL", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(json, { maxLength: 20 }), async (values) => {
        // Compared by the server, with what it makes of each text alone.
        const texts = values.map((value) => JSON.stringify(value));
        const { rows } = await database.pool.query(
          "SELECT coalesce(bool_and(seen = alone::jsonb), true) AS same FROM unnest($1::jsonb[], $2::text[]) AS t (seen, alone)",
          [binary.jsonbArray(texts), binary.textArray(texts)],
        );
        expect(rows).toEqual([{ same: true }]);
      }),
      RUNS,
    );
    const { rows } = await database.pool.query(
      "SELECT array_to_json($1::jsonb[]) AS seen, ($1::jsonb[])[1] IS NULL AS first",
      [binary.jsonbArray([null, "null"])],
    );
    expect(rows).toEqual([{ seen: [null, null], first: true }]);
  });

  it("carry bigints at the ends of int8", async () => {
    const values = [-(2n ** 63n), 2n ** 63n - 1n];
    const { rows } = await database.pool.query("SELECT $1::int8[]::text[] AS seen", [binary.int8Array(values)]);
    expect(rows).toEqual([{ seen: values.map(String) }]);
  });

  it("are refused by the server when the cast names another type", async () => {
    await expect(read("int8", binary.int4Array([1]))).rejects.toThrow("instead of expected 20 (bigint)");
  });

  it("refuse what does not fit", () => {
    expect(() => binary.int2Array([2 ** 15])).toThrow("out of range");
    expect(() => binary.int4Array([0.5])).toThrow("no safe integer");
    expect(() => binary.int8Array([2 ** 53])).toThrow("no safe integer");
    expect(() => binary.timestamptzArray([Number.NaN])).toThrow("no safe integer");
    expect(() => binary.uuidArray(["0190a1b2-0000-7000-8000-00000000000g"])).toThrow("not a UUID");
  });
});
