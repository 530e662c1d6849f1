import { describe, expect, it } from "@jest/globals";
import { createChance } from "../../harness/chance.ts";
import { dealFaults, type Fault } from "./nemesis.ts";

const kinds = ["broker", "database", "realtime"];
const first = (seed: number, count: number): readonly Fault[] => [...dealFaults(kinds, createChance(seed)).take(count)];

describe("what happens", () => {
  it("follows from the seed", () => {
    expect(first(7, 50)).toEqual(first(7, 50));
    expect(first(7, 50)).not.toEqual(first(8, 50));
  });

  it("is every fault of every kind before one of them comes again", () => {
    const names = first(3, 2 * kinds.length).map(({ kind, how }) => `${how} ${kind}`);
    expect(new Set(names).size).toBe(2 * kinds.length);
  });
});
