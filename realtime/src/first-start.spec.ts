import { describe, expect, it } from "@jest/globals";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import type { ChatEventRecord } from "@chat/shared/events/event-record";
import { partitionOf } from "@chat/shared/partitions/partition-of";
import { added, removed } from "@chat/shared/testing/chat-facts";
import { createFirstStart } from "./first-start.ts";
import type { Offsets } from "./offsets.ts";
import { createEventWindow } from "./window.ts";

const chatId = "0197a3c0-0000-7000-8000-000000000001";
const PARTITIONS = 2;
const home = partitionOf(chatId, PARTITIONS);
const at = (offset: number) => ({ offset, epoch: null });
const inHome = (offset: number): Offsets => [90, 90].with(home, offset);

/** What is known of user 7 and the chat: his devices' place, the rows, and the window from offset 50 on. */
function start({ furthest = null, stored = null, held = [] }: Known) {
  const window = createEventWindow(PARTITIONS);
  window.begin(new Map([0, 1].map((partition) => [partition, at(50)])));
  const events = held.map((event, index) => ({
    partition: home,
    offset: 50 + index,
    record: { chatId, event } as ChatEventRecord,
    bytes: 10,
  }));
  window.add(home, events, at(50 + held.length));
  const whereTheUserWas = createFirstStart({
    log: { partitions: PARTITIONS },
    cursors: { furthest: async () => furthest },
    membershipStart: async () => stored,
    window,
    stream: { offsets: () => [90, 90], cursor: () => "" },
  });
  return whereTheUserWas("7", chatId);
}

interface Known {
  readonly furthest?: Offsets | null;
  readonly stored?: number | null;
  readonly held?: readonly ChatEvent[];
}

describe("a device that never showed a chat, of a user who is to be told what he missed", () => {
  it("starts where any of his devices was in that chat", async () => {
    expect(await start({ furthest: inHome(30), stored: 7 })).toEqual(inHome(30));
  });

  it("else where his membership began, as the rows say it", async () => {
    expect(await start({ stored: 7 })).toEqual(inHome(7));
  });

  it("else where the window says that he was let in, for the last time", async () => {
    const held = [added("7", 0), removed("7"), added("8", 0), added("7", 0), added("9", 0)];
    expect(await start({ held })).toEqual(inHome(53));
    expect(await start({ held, stored: 7 })).toEqual(inHome(53));
  });

  it("else at the present: he is let in by what comes next", async () => {
    expect(await start({})).toEqual([90, 90]);
  });
});
