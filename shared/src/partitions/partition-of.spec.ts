import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { partitionOf } from "./partition-of.ts";

describe("the partition of a chat", () => {
  /** Every log that exists was written by this table: another answer for one of these lines loses its chats. */
  it.each([
    ["0197a5b0-3c1e-7d42-9b1f-5a6c7d8e9f01", 10, 2],
    ["0197a5b0-3c1e-7d42-9b1f-5a6c7d8e9f02", 0, 8],
    ["01890a5d-ac96-774b-bcce-b302099a8057", 5, 9],
    ["533878cd-227d-57e1-9431-aba9c26a6638", 9, 5],
    ["c6f4715c-b567-5a0e-b452-1e2f111d4ace", 1, 1],
  ])("never changes: %s", (chatId, of16, of12) => {
    expect(partitionOf(chatId, 16)).toBe(of16);
    expect(partitionOf(chatId, 12)).toBe(of12);
  });

  it("is one of those there are, and the only one where there is one", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 1, max: 1024 }), (chatId, partitions) => {
        const partition = partitionOf(chatId, partitions);
        expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
        expect(partitionOf(chatId, 1)).toBe(0);
      }),
    );
  });

  it("spreads chats evenly", () => {
    const counts = new Array<number>(16).fill(0);
    for (let n = 0; n < 16_000; n += 1) {
      const partition = partitionOf(`0197a5b0-3c1e-7d42-9b1f-${n.toString(16).padStart(12, "0")}`, 16);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1200);
  });
});
