import { describe, expect, it } from "@jest/globals";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createDeviceCursors } from "./device-cursors.ts";
import type { DeviceCursorRows, FoundCursor, HeldCursor } from "./device-cursors-rows.ts";

const logger = createLogger({ service: "spec", level: "silent" });
const key = { userId: "7", deviceId: "phone", chatId: null };

/** Cursors over rows that only note what they are given. */
function playground(found: FoundCursor = { status: "new" }) {
  const stored: HeldCursor[] = [];
  const asked: (readonly number[] | null)[] = [];
  const rows: DeviceCursorRows = {
    find: async (keys) => {
      asked.push(...keys.map(({ held }) => held));
      return keys.map(() => found);
    },
    store: async (cursors) => void stored.push(...cursors),
    devicesIn: async () => [],
    prune: async () => undefined,
    seen: async () => undefined,
  };
  const cursors = createDeviceCursors({ rows, logger });
  return {
    cursors,
    stored,
    asked,
    async last() {
      await cursors.stop();
      return stored.at(-1);
    },
  };
}

describe("the cursor of a device", () => {
  it("is stored for a new device before anything is told to it", async () => {
    const { cursors, stored } = playground();
    const start = await cursors.find(key, () => [3, 4]);
    expect(start).toEqual({ status: "new", offsets: [3, 4] });
    expect(stored).toEqual([{ ...key, offsets: [3, 4], state: "left", takesUp: false, mayFall: true }]);
  });

  it("is the lowest of its sockets', by partition, and moves with proof only and never back", async () => {
    const { cursors, last } = playground();
    const [one, other] = [cursors.open(key, [1, 1], false), cursors.open(key, [1, 1], false)];
    one.prove([5, 2]);
    other.prove([3, 9]);
    one.prove([4, 2]);
    expect(await last()).toMatchObject({ offsets: [3, 2], state: "open" });
  });

  it("stays where a socket ended without a word, until the next one takes it up", async () => {
    const { cursors, last, asked } = playground({ status: "known", offsets: [2, 2] });
    const [lost, other] = [cursors.open(key, [2, 2], false), cursors.open(key, [2, 2], false)];
    other.prove([9, 9]);
    lost.end(false);
    const start = await cursors.find(key, () => [20, 20]);
    expect(asked).toEqual([[2, 2]]);
    cursors.open(key, start.offsets, false).prove([9, 9]);
    expect(await last()).toMatchObject({ offsets: [9, 9], state: "open" });
  });

  it("does not wait for a socket that its client closed", async () => {
    const { cursors, last } = playground();
    const [closed, other] = [cursors.open(key, [2, 2], false), cursors.open(key, [2, 2], false)];
    other.prove([9, 9]);
    closed.end(true);
    expect(await last()).toMatchObject({ offsets: [9, 9], state: "open" });
  });

  it("is kept when its last socket ends: where that had got", async () => {
    const { cursors, last } = playground();
    const socket = cursors.open(key, [2, 2], false);
    socket.prove([4, 5]);
    socket.end(false);
    socket.prove([9, 9]);
    expect(await last()).toMatchObject({ offsets: [4, 5], state: "left" });
  });
});
