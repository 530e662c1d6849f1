import { describe, expect, it } from "@jest/globals";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import type { ChatEventRecord } from "@chat/shared/events/event-record";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createArrivals } from "./arrivals.ts";
import type { AudienceRows } from "./audience-rows.ts";
import { createRooms, type Person } from "./rooms.ts";
import { createEventWindow } from "./window.ts";

const logger = createLogger({ service: "spec", level: "silent" });
const at = (offset: number) => ({ offset, epoch: null });
const added: ChatEvent = { type: "MembersAdded", members: [{ userId: "7", role: "member" }], readUpTo: 0 };
const removed: ChatEvent = { type: "MemberRemoved", userId: "7" };

type Answer = Awaited<ReturnType<AudienceRows["memberships"]>>;

/** A tail whose batches the spec pushes, over one partition; each read of the rows waits until the spec answers it. */
function playground({ from }: { from: number }) {
  const window = createEventWindow(1);
  window.begin(new Map([[0, at(from)]]));
  const rooms = createRooms();
  const waiting = new Set<() => boolean>();
  const asked: { readonly userIds: readonly string[]; readonly answer: (answer: Answer) => void }[] = [];
  const rows = {
    memberships: (userIds: readonly string[]) =>
      new Promise<Answer>((answer) => {
        asked.push({ userIds, answer });
      }),
  } as AudienceRows;
  const tail = {
    between(work: () => boolean) {
      if (!work()) waiting.add(work);
      return () => waiting.delete(work);
    },
    stopped: () => new Set<number>(),
  };
  const arrivals = createArrivals({ rows, window, rooms, tail, logger });
  const entered: Person[] = [];
  return {
    window,
    asked,
    entered,
    rooms,
    arrive: (userId: string) => arrivals.arrive(userId, (person) => void entered.push(person)),
    push(...happened: [chatId: string, event: ChatEvent][]) {
      const offset = window.end(0).offset;
      const events = happened.map(([chatId, event], index) => ({
        partition: 0,
        offset: offset + index,
        record: { chatId, event } as ChatEventRecord,
        bytes: 10,
      }));
      window.add(0, events, at(offset + events.length));
      for (const work of waiting) if (work()) waiting.delete(work);
    },
    /** Answers the oldest read that waits: the user's chats as of this checkpoint. */
    async answer(chatIds: string[], checkpoint: number) {
      const [read] = asked.splice(0, 1);
      read?.answer({
        rows: read.userIds.map((userId) => ({ userId, chatIds })),
        positions: new Map([[0, at(checkpoint)]]),
      });
      await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe("a user who arrives", () => {
  it("is in the chats of the rows, as the events above their checkpoint have changed them", async () => {
    const { push, arrive, answer, entered } = playground({ from: 5 });
    push(["below", removed], ["new", added], ["old", removed]);
    const arrived = arrive("7");
    await answer(["old", "other", "below"], 6);
    await arrived;
    expect([...(entered[0]?.chats ?? [])].sort()).toEqual(["below", "new", "other"]);
  });

  it("is told of what happened while his chats were read", async () => {
    const { push, arrive, answer, entered } = playground({ from: 0 });
    const arrived = arrive("7");
    push(["new", added]);
    await answer([], 0);
    await arrived;
    expect([...(entered[0]?.chats ?? [])]).toEqual(["new"]);
  });

  it("waits until all that the rows know was pushed: a batch on its way is not for who was let in behind it", async () => {
    const { push, arrive, answer, entered } = playground({ from: 0 });
    const arrived = arrive("7");
    await answer(["new"], 2);
    push(["new", { type: "MessageSent", seq: 1, replyTo: null, content: { text: "before his time" } }]);
    expect(entered).toEqual([]);
    push(["new", added]);
    await arrived;
    expect([...(entered[0]?.chats ?? [])]).toEqual(["new"]);
  });

  it("has his chats read again when the window was cut above what was read", async () => {
    const { window, push, arrive, answer, entered, asked } = playground({ from: 0 });
    const arrived = arrive("7");
    push(["new", added], ["new", removed], ["other", added]);
    window.cut(new Map([[0, at(2)]]), 0);
    await answer([], 1);
    expect(entered).toEqual([]);
    expect(asked).toHaveLength(1);
    await answer([], 2);
    await arrived;
    expect([...(entered[0]?.chats ?? [])]).toEqual(["other"]);
  });

  it("shares the reading with all who arrive meanwhile, and enters once for all his devices", async () => {
    const { arrive, answer, asked, entered, rooms } = playground({ from: 0 });
    const first = arrive("1");
    const others = [arrive("7"), arrive("8"), arrive("7")];
    expect(asked.map(({ userIds }) => userIds)).toEqual([["1"]]);
    await answer([], 0);
    expect(asked.map(({ userIds }) => userIds)).toEqual([["7", "8"]]);
    await answer(["chat"], 0);
    await Promise.all([first, ...others]);
    expect(entered.map(({ userId }) => userId)).toEqual(["1", "7", "8", "7"]);
    expect(entered[1]).toBe(entered[3]);
    expect(rooms.people("chat")?.size).toBe(2);
  });
});
