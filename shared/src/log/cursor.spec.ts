import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createMovingCursor, decodeCursor, encodeCursor, shortLogId } from "./cursor.ts";

const logId = "0197a3f0-5a6e-7c1b-9d2e-3f4a5b6c7d8e";
const offset = fc.oneof(fc.nat(), fc.maxSafeNat());
const offsets = fc.array(offset, { minLength: 1, maxLength: 64 });
const digits = fc.constantFrom(...Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"));

describe("a cursor", () => {
  it("keeps its written form for ever", () => {
    expect(encodeCursor(logId, [0, 1, 31, 32, 1_000_000, Number.MAX_SAFE_INTEGER])).toBe("QUNsABfgBgywe__________H");
    expect(encodeCursor("another log", [7])).toBe("LQ0sH");
  });

  it("says again what it was made from", () => {
    fc.assert(
      fc.property(offsets, (given) => {
        expect(decodeCursor(encodeCursor(logId, given))).toEqual({ log: shortLogId(logId), offsets: given });
      }),
    );
  });

  it("has one written form: what can be read is what would be written", () => {
    fc.assert(
      fc.property(fc.string({ unit: digits, maxLength: 120 }), (text) => {
        const cursor = decodeCursor(`${shortLogId(logId)}${text}`);
        expect(cursor === null || encodeCursor(logId, cursor.offsets) === `${shortLogId(logId)}${text}`).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("takes at most 100 characters for 16 partitions of a billion records", () => {
    expect(
      encodeCursor(
        logId,
        Array.from({ length: 16 }, () => 2 ** 30 - 1),
      ),
    ).toHaveLength(100);
  });

  it("moves one partition at a time and stays the same text", () => {
    fc.assert(
      fc.property(offsets, fc.array(fc.tuple(fc.nat(), offset)), (from, moves) => {
        const now = [...from];
        const moving = createMovingCursor(logId, from);
        expect(moving.text()).toBe(encodeCursor(logId, now));
        for (const [any, next] of moves) {
          const partition = any % now.length;
          now[partition] = next;
          expect(moving.advance(partition, next)).toBe(encodeCursor(logId, now));
        }
      }),
    );
  });

  it.each([
    ["nothing", ""],
    ["a log without offsets", "AAAA"],
    ["a character that is no digit", "AAAA+"],
    ["a digit of another alphabet", "AAAAé"],
    ["a space", "AAAA B"],
    ["an offset that does not end", "AAAABg"],
    ["a zero that is written too long", "AAAAgA"],
    ["more than a safe integer", `AAAA${"_".repeat(10)}P`],
    ["a number without an end in sight", `AAAA${"_".repeat(10_000)}A`],
  ])("refuses %s", (_what, text) => {
    expect(decodeCursor(text)).toBeNull();
  });

  it("is not made of what is no offset", () => {
    for (const wrong of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => encodeCursor(logId, [wrong])).toThrow("is no offset");
    }
    expect(() => createMovingCursor(logId, [0]).advance(1, 0)).toThrow("there is no partition 1");
  });
});
