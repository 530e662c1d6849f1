import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { isoTime } from "./iso-time.ts";

const saidByDate = (ms: number): string => new Date(ms).toISOString();

it("says every moment as the language's own dates do", () => {
  const farthest = 8_640_000_000_000_000;
  for (const max of [4_102_444_800_000, farthest])
    fc.assert(
      fc.property(fc.double({ min: -max, max, noNaN: true }), (ms) => {
        expect(isoTime(ms)).toBe(saidByDate(ms));
      }),
    );
});

it("knows every day of four hundred years, and where every year of four digits begins and its February ends", () => {
  const wrong: number[] = [];
  const compare = (ms: number): void => {
    if (isoTime(ms) !== saidByDate(ms)) wrong.push(ms);
  };
  for (let day = 0; day <= 146_097; day += 1) compare(Date.UTC(1900, 0, 1 + day));
  for (let year = 1; year <= 10_001; year += 1)
    for (const month of [0, 2]) {
      compare(Date.UTC(year, month, 1));
      compare(Date.UTC(year, month, 1) - 1);
    }
  expect(wrong).toEqual([]);
});

it("refuses what is no time, as they do", () => {
  for (const ms of [Number.NaN, Number.POSITIVE_INFINITY]) expect(() => isoTime(ms)).toThrow(RangeError);
});
