import { describe, expect, it } from "@jest/globals";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import { added, deleted, groupOf, removed, send } from "@chat/shared/testing/chat-facts";
import { createChatFold } from "./fold-chats.ts";
import { wrongWatermarks } from "./watermarks.ts";

const chatId = "01890000-0000-7000-9000-000000000001";

/** The faults that a history of one chat has; what a user did is written `[user, event]`. */
function faultsOf(...history: readonly (readonly [string, ChatEvent, number?])[]) {
  const fold = createChatFold();
  const faults = history.flatMap(([actor, event, version], index) =>
    fold.apply(
      {
        id: `e${index}`,
        chatId,
        version: version ?? index + 1,
        actor,
        at: "2026-01-01T00:00:00.000Z",
        commandId: `c${index}`,
        idempotencyKey: null,
        requestHash: null,
        traceParent: null,
        event,
      },
      index,
    ),
  );
  const chat = fold.chats().get(chatId);
  return { faults, watermarks: chat === undefined ? [] : wrongWatermarks(chat) };
}

const read = (from: number, upTo: number): ChatEvent => ({ type: "MessageRead", from, upTo, named: null });
const fullyRead = (from: number, upTo: number, slowest: string, slowestUpTo: number): ChatEvent => ({
  type: "MessagesFullyRead",
  from,
  upTo,
  slowest,
  slowestFrom: 0,
  slowestUpTo,
  former: null,
});

describe("a chat's history", () => {
  it("is in order", () => {
    const history = faultsOf(
      ["1", groupOf("1", "2")],
      ["1", send(1)],
      ["2", read(0, 1)],
      ["2", fullyRead(0, 0, "1", 1)],
      ["1", added("3", 1)],
      ["1", removed("3")],
    );
    expect(history).toEqual({ faults: [], watermarks: [] });
  });

  it.each<[string, string, readonly (readonly [string, ChatEvent, number?])[]]>([
    ["a hole in its versions", "version 3 follows version 1", [["1", send(1), 3]]],
    ["a hole in its seqs", "seq 2 follows seq 0", [["1", send(2)]]],
    ["a stranger who writes", "user 9, who is no member, sends a message", [["9", send(1)]]],
    ["a message that is not there", "there is no message with seq 7", [["1", deleted(7)]]],
    [
      "a pointer that leaps",
      "user 2, who was at 0, reads from 3 to 1 of 1",
      [
        ["1", send(1)],
        ["2", read(3, 1)],
      ],
    ],
    [
      "a newcomer with unread messages",
      "newcomers have read up to 0 of 1",
      [
        ["1", send(1)],
        ["1", added("3", 0)],
      ],
    ],
    [
      "something after its end",
      "MessageSent after the chat's end",
      [
        ["1", { type: "ChatDeleted" }],
        ["1", send(1)],
      ],
    ],
    ["a second beginning", "the chat is created a second time", [["1", groupOf("1")]]],
  ])("is out of order with %s", (_what, fault, more) => {
    expect(faultsOf(["1", groupOf("1", "2")], ...more).faults).toContain(fault);
  });

  it("has its messages fully read up to where all others have read: no further, and no less", () => {
    const begin = [
      ["1", groupOf("1", "2")],
      ["1", send(1)],
      ["1", send(2)],
      ["2", read(0, 1)],
    ] as const;
    expect(faultsOf(...begin, ["2", fullyRead(0, 0, "1", 1)]).watermarks).toEqual([]);
    expect(faultsOf(...begin, ["2", fullyRead(0, 0, "1", 2)]).watermarks).toEqual([
      "user 1's messages are fully read up to 2, recounted up to 1",
    ]);
    expect(faultsOf(...begin).watermarks).toEqual(["user 1's messages are fully read up to 0, recounted up to 1"]);
    // A newcomer settles nothing: what waits for him waits for the next who reads.
    expect(faultsOf(["1", groupOf("1")], ["1", send(1)], ["1", added("2", 1)]).watermarks).toEqual([]);
  });
});
