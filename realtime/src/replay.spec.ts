import { describe, expect, it } from "@jest/globals";
import type { MessageObject } from "@chat/shared/api/message-object";
import { decodeCursor } from "@chat/shared/log/cursor";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import type { ChatEventRecord } from "@chat/shared/events/event-record";
import {
  added,
  attached,
  attachedLast,
  deleted,
  edited,
  groupOf,
  removed,
  send,
} from "@chat/shared/testing/chat-facts";
import { joinedChats } from "./protocols/joined-chats.ts";
import { nativeProtocol } from "./protocols/native.ts";
import type { Protocol } from "./protocols/protocol.ts";
import { createReplay, type LateEvent, type StoredMessage } from "./replay.ts";
import { createSpans } from "./spans.ts";
import type { Facts } from "./tellings.ts";
import { noFacts } from "./testing/no-facts.ts";

const at = "2026-01-02T03:04:05.000Z";
const facts: Facts = {
  ...noFacts,
  fullyReadBy: () => new Map([["7", { seqs: Array.from({ length: 150 }, (_, index) => index + 1), upTo: 150 }]]),
};
const recordOf = (version: number, event: ChatEvent): ChatEventRecord => ({
  id: "",
  commandId: "",
  requestHash: null,
  traceParent: null,
  idempotencyKey: null,
  chatId: "chat",
  actor: "1",
  at,
  version,
  event,
});
const late = (offset: number, version: number, event: ChatEvent, message: StoredMessage | null = null): LateEvent => ({
  partition: 1,
  offset,
  record: recordOf(version, event),
  bytes: 0,
  message,
});

interface Told {
  readonly type: string;
  readonly version: number;
  readonly at: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Tells the user 7, who was in from version 2 to `to`, and from `back` on, over two partitions from (5, 10) on. */
function tell(
  events: readonly LateEvent[],
  {
    to = null,
    back = null,
    changes = [],
    protocol = nativeProtocol,
  }: { to?: number | null; back?: number | null; changes?: ChatEventRecord[]; protocol?: Protocol } = {},
) {
  const window = {
    changeOf: (_: string, seq: number) => changes.find(({ event }) => "seq" in event && event.seq === seq),
  };
  const replay = createReplay({ userId: "7", protocol, logId: "log", from: [5, 10], window });
  const later = back === null ? [] : [{ chatId: "chat", from: back, to: null }];
  const spans = createSpans("7", [{ chatId: "chat", from: 2, to }, ...later]);
  return replay.tell(events, spans, facts).map((frame) => JSON.parse(frame) as Told);
}
const offsetsOf = (cursor: string) => decodeCursor(cursor)?.offsets;

describe("a replay", () => {
  it("says after each event where the device is: behind it there, and elsewhere where it was", () => {
    const told = tell([late(10, 3, send(1)), late(14, 4, send(2))]);
    expect(told.map((frame) => offsetsOf(frame.at))).toEqual([
      [5, 11],
      [5, 15],
    ]);
  });

  it("tells nothing that was told before, nor what is not for this user", () => {
    const told = tell([late(9, 3, send(1)), late(11, 1, groupOf("1")), late(12, 6, send(2)), late(13, 7, send(3))], {
      to: 6,
    });
    expect(told.map(({ version }) => version)).toEqual([6]);
  });

  it("begins with being let in, and ends with being let out", () => {
    const told = tell([late(10, 2, added("7", 0)), late(11, 3, send(1)), late(12, 4, removed("7"))], { to: 4 });
    expect(told.map(({ type }) => type)).toEqual(["new_message", "member_removed"]);
  });

  it("moves the cursor only with the last frame of an event", () => {
    const fullyRead: ChatEvent = {
      type: "MessagesFullyRead",
      from: 0,
      upTo: 150,
      slowest: "1",
      slowestFrom: 0,
      slowestUpTo: 0,
      former: null,
    };
    expect(tell([late(10, 3, fullyRead)]).map((frame) => offsetsOf(frame.at))).toEqual([
      [5, 10],
      [5, 11],
    ]);
  });

  it("tells a message as it is by now, from its row and from what happened since", () => {
    const row = { text: "by now", editedAt: at, deleted: false, changedVersion: 8, files: [] };
    expect(tell([late(10, 3, send(1), row)])[0]?.payload).toMatchObject({ text: "by now", edited_at: at });
    const gone = tell([late(10, 3, send(1), row)], { changes: [recordOf(9, deleted(1))] });
    expect(gone[0]?.payload).toMatchObject({ text: "", deleted: true });
    const changed = tell([late(10, 3, send(1))], { changes: [recordOf(9, edited(1, "newer"))] });
    expect(changed[0]?.payload).toMatchObject({ text: "newer", edited_at: at });
  });

  it("keeps the text from who was gone when it was changed, wherever the change is known from", () => {
    const row = { text: "secret", editedAt: at, deleted: false, changedVersion: 8, files: [] };
    expect(tell([late(10, 3, send(1), row)], { to: 5 })[0]?.payload).toMatchObject({ text: "", edited_at: null });
    const since = tell([late(10, 3, send(1))], { to: 5, changes: [recordOf(8, edited(1, "secret"))] });
    expect(since[0]?.payload).toMatchObject({ text: "", edited_at: null });
  });

  it("tells who is back what a message has become while he was gone: he can read it, and nothing else will tell him", () => {
    const row = { text: "changed", editedAt: at, deleted: false, changedVersion: 8, files: [] };
    const changed = tell([late(10, 3, send(1), row)], { to: 5, back: 9 });
    expect(changed[0]?.payload).toMatchObject({ text: "changed", edited_at: at, deleted: false });
    const gone = tell([late(10, 3, send(1))], { to: 5, back: 9, changes: [recordOf(8, deleted(1))] });
    expect(gone[0]?.payload).toMatchObject({ text: "", deleted: true });
  });

  it("tells of files that were there while the user was, and of none once their message is deleted", () => {
    const file = (number: number, version: number) => ({ number, version, key: "k", type: "t", size: 1, name: "n" });
    const row = { text: "look", editedAt: null, deleted: false, changedVersion: 3, files: [file(1, 4), file(2, 7)] };
    const sent = (told: ReturnType<typeof tell>) => (told[0]?.payload as { files: readonly unknown[] }).files.length;
    expect(sent(tell([late(10, 3, send(1), row)]))).toBe(2);
    expect(sent(tell([late(10, 3, send(1), row)], { to: 5 }))).toBe(1);
    expect(sent(tell([late(10, 4, attached(1, 1, "n"), row)], { to: 5 }))).toBe(1);
    const changes = [recordOf(9, deleted(1))];
    expect(sent(tell([late(10, 3, send(1), row)], { changes }))).toBe(0);
    expect(sent(tell([late(10, 3, send(1), row)], { changes, to: 5 }))).toBe(0);
    expect(sent(tell([late(10, 4, attached(1, 1, "n"), row)], { changes, to: 5 }))).toBe(0);
  });

  it("tells the whole message that files were added to, as it was with them, or by now where it was changed since", () => {
    const file = (number: number, version: number, name: string) => ({
      number,
      version,
      key: "k",
      type: "t",
      size: 1,
      name,
    });
    const row = {
      text: "look",
      editedAt: at,
      deleted: false,
      changedVersion: 3,
      files: [file(1, 4, "a"), file(2, 7, "b")],
    };
    const attaching = attachedLast(1, "look", ["a"], { editedAt: at });
    const updated = (message: StoredMessage | null, options: Parameters<typeof tell>[1] = {}) => {
      const [frame] = tell([late(10, 4, attaching, message)], { ...options, protocol: joinedChats });
      const { text, edited_at, deleted: isDeleted, files } = (frame as unknown as { message: MessageObject }).message;
      return [frame?.type, text, edited_at, isDeleted, files.map(({ name }) => name).join()];
    };
    for (const message of [null, row]) {
      expect(updated(message)).toEqual(["message_updated", "look", at, false, "a"]);
      const changes = [recordOf(9, edited(1, "secret"))];
      expect(updated(message, { changes, back: 10 }).slice(0, 4)).toEqual(["message_updated", "secret", at, false]);
      expect(updated(message, { changes, to: 5 })).toEqual(["message_updated", "", at, false, "a"]);
      const gone = [recordOf(9, deleted(1))];
      expect(updated(message, { changes: gone })).toEqual(["message_updated", "", at, true, ""]);
      expect(updated(message, { changes: gone, to: 5 })).toEqual(["message_updated", "", at, false, ""]);
    }
    const now = { ...row, text: "secret", changedVersion: 8 };
    expect(updated(now, { to: 5 })).toEqual(["message_updated", "", at, false, "a"]);
    expect(tell([late(10, 4, attached(1, 1, "a"))], { protocol: joinedChats })).toEqual([]);
  });

  it("leaves an edited message its files when its text is kept from who was gone, from memory as from the journal", () => {
    const editing = edited(1, "look");
    if (editing.type !== "MessageEdited") throw new Error("an edit is one");
    const files = [{ number: 1, key: "k", type: "t", size: 1 }];
    const event = { ...editing, message: { ...editing.message, files }, content: { text: "look", names: ["a"] } };
    const [frame] = tell([late(10, 4, event)], { changes: [recordOf(9, edited(1, "secret"))], to: 5 });
    expect(frame?.payload).toMatchObject({ text: "", files: [{ name: "a" }] });
  });

  it("still tells of files whose message was edited after the user was gone", () => {
    const changes = [recordOf(9, edited(1, "secret"))];
    for (const attaching of [attached(1, 1, "a"), attachedLast(1, "look", ["a"])]) {
      const [frame] = tell([late(10, 4, attaching)], { changes, to: 5 });
      expect(frame).toMatchObject({ type: "file_attached", payload: { files: [{ name: "a" }] } });
    }
  });
});
