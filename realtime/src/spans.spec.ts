import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import type { ChatEventRecord } from "@chat/shared/events/event-record";
import { added, removed, send } from "@chat/shared/testing/chat-facts";
import { historySteps, playHistory } from "@chat/shared/testing/random-history";
import { createSpans, spansFromEvents } from "./spans.ts";

const happened = (version: number, event: ChatEvent, chatId = "chat") => ({
  record: { chatId, version, event } as ChatEventRecord,
});

describe("the spans of a user", () => {
  it("hold the events that let him in and out, and nothing between", () => {
    const spans = createSpans("7", [{ chatId: "chat", from: 3, to: null }]);
    spans.fold(happened(5, removed("7")).record);
    spans.fold(happened(8, added("7", 0)).record);
    const held = Array.from({ length: 10 }, (_, version) => version).filter((version) => spans.at("chat", version));
    expect(held).toEqual([3, 4, 5, 8, 9]);
    expect(spans.at("another", 4)).toBeUndefined();
  });

  it("follow from where he is now and what happened, without a look at the past", () => {
    const events = [
      happened(4, send(1), "left"),
      happened(5, removed("7"), "left"),
      happened(2, added("7", 0), "joined"),
      happened(9, removed("7"), "again"),
      happened(11, added("7", 0), "again"),
    ];
    const spans = spansFromEvents("7", ["joined", "again", "always"], events);
    const held = (chatId: string, version: number) => spans?.at(chatId, version) !== undefined;
    expect([held("left", 4), held("left", 5), held("left", 6)]).toEqual([true, true, false]);
    expect([held("joined", 1), held("joined", 2)]).toEqual([false, true]);
    expect([held("again", 9), held("again", 10), held("again", 11)]).toEqual([true, false, true]);
    expect([held("always", 1), held("never", 1)]).toEqual([true, false]);
  });

  it("do not follow where a chat was deleted, which names nobody", () => {
    expect(spansFromEvents("7", [], [happened(4, { type: "ChatDeleted" })])).toBeNull();
    expect(spansFromEvents("7", [], [happened(3, removed("7")), happened(4, { type: "ChatDeleted" })])).not.toBeNull();
  });

  it("are the same from the end of any history as from its beginning", () => {
    fc.assert(
      fc.property(historySteps, fc.nat(100), (steps, percent) => {
        const { records, chats } = playHistory(steps);
        const events = records.slice(Math.floor((records.length * percent) / 100)).map((record) => ({ record }));
        for (const userId of ["1", "2", "3", "4"]) {
          const isIn = chats.filter((chat) => chat.members.get(userId)?.in === true).map(({ chatId }) => chatId);
          const spans = spansFromEvents(userId, isIn, events);
          if (spans === null) continue;
          for (const { record } of events) {
            const known = chats.find(({ chatId }) => chatId === record.chatId)?.members.get(userId)?.spans ?? [];
            const held = known.some(({ from, to }) => from <= record.version && (to === null || record.version <= to));
            expect(spans.at(record.chatId, record.version) !== undefined).toBe(held);
          }
        }
      }),
    );
  });
});
