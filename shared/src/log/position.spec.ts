import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { newElectionId } from "../ids.ts";
import { formatEpoch, parseEpoch, sameEpoch, startOfPartition } from "./position.ts";

describe("an epoch", () => {
  it("is written as the offset and id of its Election", () => {
    expect(formatEpoch({ offset: 17, id: "aB3_-x" })).toBe("17:aB3_-x");
    expect(parseEpoch("17:aB3_-x")).toEqual({ offset: 17, id: "aB3_-x" });
  });

  it("before the first Election is the empty text", () => {
    expect(formatEpoch(null)).toBe("");
    expect(parseEpoch("")).toBeNull();
    expect(startOfPartition).toEqual({ offset: 0, epoch: null });
  });

  it("is read back as it was written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999_999_999 }), (offset) => {
        const epoch = { offset, id: newElectionId() };
        expect(parseEpoch(formatEpoch(epoch))).toEqual(epoch);
      }),
    );
  });

  it.each(["17", ":a", "17:", "-1:a", "1.5:a", "17:a b", "17:a:b", " 17:a", "17:a\n", `17:${"a".repeat(65)}`])(
    "was never written as %j",
    (text) => {
      expect(() => parseEpoch(text)).toThrow("not an epoch");
    },
  );

  it("is another one when either part differs", () => {
    const epoch = { offset: 17, id: "a" };
    expect(sameEpoch(epoch, { ...epoch })).toBe(true);
    expect(sameEpoch(null, null)).toBe(true);
    expect(sameEpoch(epoch, { ...epoch, offset: 18 })).toBe(false);
    expect(sameEpoch(epoch, { ...epoch, id: "b" })).toBe(false);
    expect(sameEpoch(epoch, null)).toBe(false);
    expect(sameEpoch(null, epoch)).toBe(false);
  });
});
