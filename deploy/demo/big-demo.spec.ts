import { describe, expect, it } from "@jest/globals";
import { decodeEvent, encodeEvent } from "@chat/shared/events/event-record";
import { newEventId } from "@chat/shared/ids";
import { bigDemo, type DemoChat } from "./big-demo.ts";

const idOf = (person: number): string => String(person + 1);
const chatId = "0197a3f0-5a6e-7c1b-9d2e-3f4a5b6c7d8e";

function eventsOf(chat: DemoChat) {
  return Array.from({ length: chat.versions }, (_, index) => chat.eventAt(index + 1, idOf));
}

describe("the big demo", () => {
  it("is ten thousand people, five thousand chats and a million messages, a tenth of them in one chat", () => {
    const { people, chats } = bigDemo(1);
    expect([people, chats.length]).toEqual([10_000, 5_000]);
    expect(chats.reduce((sum, { messages }) => sum + messages, 0)).toBe(1_000_000);
    expect(chats[0]?.messages).toBe(100_000);
    expect(chats.filter(({ members }) => members.includes(0)).length).toBeGreaterThanOrEqual(500);
  });

  it.each([1, 0.1, 0.01, 0.001])("has different members in each chat, and all of its people are there (%d)", (part) => {
    const { people, chats } = bigDemo(part);
    const odd = chats.filter(({ members }) => new Set(members).size !== members.length || members.length < 2);
    expect(odd).toEqual([]);
    expect(Math.max(...chats.flatMap(({ members }) => members))).toBeLessThan(people);
  });

  it("is made of events that the log understands, by members, in the order of their times", () => {
    for (const chat of bigDemo(0.001).chats) {
      const events = eventsOf(chat);
      for (const [index, { actor, at, event }] of events.entries()) {
        const record = {
          ...{ id: newEventId(), commandId: newEventId(), chatId, version: index + 1, actor: idOf(actor), at, event },
          ...{ idempotencyKey: null, requestHash: null, traceParent: null },
        };
        expect(decodeEvent(encodeEvent(record))).toEqual(record);
        expect(chat.members).toContain(actor);
      }
      const times = events.map(({ at }) => at);
      expect(times).toEqual([...times].sort());
    }
  });

  it("is the same again, so that what was cut can go on", () => {
    const [first, again] = [bigDemo(0.001), bigDemo(0.001)].map(({ chats }) => chats.map(eventsOf));
    expect(first).toEqual(again);
  });
});
