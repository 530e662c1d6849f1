import { describe, expect, it } from "@jest/globals";
import type { ChatEventRecord } from "@chat/shared/events/event-record";
import { createEventWindow, type SeenEvent } from "./window.ts";

const at = (offset: number) => ({ offset, epoch: null });
const record = { chatId: "chat", event: { type: "ChatDeleted" } } as ChatEventRecord;
const seen = (partition: number, ...offsets: number[]): SeenEvent[] =>
  offsets.map((offset) => ({ partition, offset, record, bytes: 10 }));

function windowWith(...offsets: number[]) {
  const window = createEventWindow(2);
  window.begin(new Map([[0, at(3)]]));
  window.add(0, seen(0, ...offsets), at((offsets.at(-1) ?? 2) + 1));
  return window;
}

describe("the window", () => {
  it("begins where the checkpoints are, and a partition without one at its start", () => {
    const window = windowWith();
    expect([window.start(0), window.start(1)]).toEqual([3, 0]);
    expect(window.from(0, 2)).toBeNull();
    expect(window.from(0, 3)).toEqual([]);
  });

  it("hands out the events from an offset on, also one that is no event's", () => {
    const window = windowWith(3, 5, 8);
    expect(window.from(0, 4)?.map(({ offset }) => offset)).toEqual([5, 8]);
    expect(window.from(0, 9)).toEqual([]);
    expect(window.end(0).offset).toBe(9);
  });

  it("forgets nothing at or above the checkpoint, however much there is", () => {
    const window = windowWith(3, 4, 5, 6);
    window.cut(new Map([[0, at(5)]]), 0);
    expect(window.start(0)).toBe(5);
    expect(window.from(0, 4)).toBeNull();
    expect(window.from(0, 5)?.map(({ offset }) => offset)).toEqual([5, 6]);
    expect(window.bytes()).toBe(20);
  });

  it("keeps what fits for those who come back soon", () => {
    const window = windowWith(3, 4, 5, 6);
    window.cut(new Map([[0, at(7)]]), 20);
    expect(window.from(0, 5)).toHaveLength(2);
    expect(window.bytes()).toBe(20);
  });

  it("takes from the partition that holds most", () => {
    const window = windowWith(3, 4, 5, 6);
    window.add(1, seen(1, 0), at(1));
    const checkpoints = new Map([
      [0, at(7)],
      [1, at(1)],
    ]);
    window.cut(checkpoints, 20);
    expect([window.from(0, 6)?.length, window.from(1, 0)?.length]).toEqual([1, 1]);
  });

  it("stays exact over many cuts", () => {
    const window = windowWith();
    for (let offset = 3; offset < 200; offset += 1) {
      window.add(0, seen(0, offset), at(offset + 1));
      window.cut(new Map([[0, at(offset - 5)]]), 0);
      expect(window.from(0, window.start(0))?.length).toBe(offset + 1 - Math.max(3, offset - 5));
    }
  });
});
