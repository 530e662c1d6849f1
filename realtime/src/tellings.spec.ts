import { describe, expect, it } from "@jest/globals";
import type { ChatParts } from "@chat/shared/api/chat-object";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import type { ChatEventRecord } from "@chat/shared/events/event-record";
import { attached, attachedLast } from "@chat/shared/testing/chat-facts";
import { foldChat } from "./chat-fold.ts";
import { tellingsOf, type Facts } from "./tellings.ts";
import { noFacts } from "./testing/no-facts.ts";

const chatId = "0197a3c0-0000-7000-8000-000000000001";
const at = "2026-01-02T03:04:05.000Z";
const rest = { id: "e", commandId: "c", requestHash: null, traceParent: null };
const recordOf = (event: ChatEvent, version = 5, actor = "1"): ChatEventRecord => ({
  ...rest,
  chatId,
  version,
  actor,
  at,
  idempotencyKey: "key",
  event,
});

const chat: ChatParts = {
  chatId,
  chatType: "group",
  title: "secret plans",
  description: null,
  avatar: null,
  creatorId: "1",
  memberIds: ["1", "3"],
  createdAt: at,
  updatedAt: "2026-02-02T03:04:05.000Z",
  version: 9,
};
const added: ChatEvent = { type: "MembersAdded", members: [{ userId: "2", role: "member" }], readUpTo: 0 };

describe("tellings", () => {
  it("tell the whole message, new or changed", () => {
    const sent = recordOf({ type: "MessageSent", seq: 2, replyTo: 1, content: { text: "hi" } });
    expect(tellingsOf(sent, noFacts)).toMatchObject([
      {
        kind: "new_message",
        seq: 2,
        more: false,
        payload: { id: `${chatId}.2`, text: "hi", sender_id: "1", client_message_id: "key", reply_to: `${chatId}.1` },
      },
    ]);
    const message = {
      senderId: "1",
      sentAt: "2026-01-01T00:00:00.000Z",
      replyTo: null,
      clientMessageId: "m",
      files: [],
    };
    const edited = recordOf(
      {
        type: "MessageEdited",
        seq: 2,
        message: { ...message, readCount: 1, fullyRead: true },
        content: { text: "hello", names: [] },
      },
      6,
      "1",
    );
    expect(tellingsOf(edited, noFacts)).toMatchObject([
      { kind: "message_updated", payload: { text: "hello", edited_at: at, created_at: message.sentAt, is_read: true } },
    ]);
  });

  it("tell which files were attached, and where to get them, but not where they are kept", () => {
    const file = { number: 2, key: "secret", type: "image/png", size: 68 };
    const attaching = recordOf({ type: "FileAttached", seq: 3, files: [file], content: { names: ["snow.png"] } });
    const id = `${chatId}.3.2`;
    expect(tellingsOf(attaching, noFacts)).toEqual([
      {
        kind: "file_attached",
        to: "present",
        seq: 3,
        more: false,
        payload: {
          message_id: `${chatId}.3`,
          seq: 3,
          files: [{ id, name: "snow.png", type: "image/png", size: 68, url: `/files/${id}` }],
          by: "1",
        },
      },
    ]);
    const now = { text: "", editedAt: null, deleted: true, files: [] };
    expect(tellingsOf(attaching, { ...noFacts, messageNow: () => now })).toMatchObject([{ payload: { files: [] } }]);
  });

  it("tell beside files the whole message that has them now, as far as the event knows it", () => {
    const attaching = attachedLast(3, "look", ["a", "b"], { readCount: 1, editedAt: at });
    const [told] = tellingsOf(recordOf(attaching), noFacts);
    expect(told?.payload).toMatchObject({ files: [{ name: "b" }] });
    expect(told?.message).toMatchObject({
      id: `${chatId}.3`,
      text: "look",
      edited_at: at,
      read_count: 1,
      deleted: false,
      files: [{ name: "a" }, { name: "b" }],
    });
    const [older] = tellingsOf(recordOf(attached(3, 1, "a")), noFacts);
    expect(older?.payload).toMatchObject({ files: [{ name: "a" }] });
    expect(older?.message).toBeUndefined();
  });

  it("name the message that a reader named, else the last one that he read", () => {
    const read = { type: "MessageRead", from: 0, upTo: 4 } as const;
    expect(tellingsOf(recordOf({ ...read, named: 3 }), noFacts)).toMatchObject([
      { payload: { user_id: "1", up_to: 4, message_id: `${chatId}.3` } },
    ]);
    expect(tellingsOf(recordOf({ ...read, named: null }), noFacts)).toMatchObject([
      { payload: { message_id: `${chatId}.4` } },
    ]);
  });

  it("keep from those who are out by then what was written after they had gone", () => {
    const facts: Facts = { ...noFacts, chatAfter: () => ({ chat, newer: true }) };
    const [whole, bare] = tellingsOf(recordOf(added), facts).filter(({ to }) => to === "joined");
    expect(["2", "3"].map((userId) => [whole?.only?.(userId), bare?.only?.(userId)])).toEqual([
      [false, true],
      [true, false],
    ]);
    expect(whole?.payload).toMatchObject({ title: "secret plans" });
    expect(JSON.stringify(bare?.payload)).not.toContain("secret");
    expect(bare?.payload).toMatchObject({ version: 5, updated_at: at });
  });

  it("say that there was a version to all whom it does not concern, so that nobody sees a hole", () => {
    const facts: Facts = { ...noFacts, fullyReadBy: () => new Map([["2", { seqs: [1], upTo: 1 }]]) };
    const event: ChatEvent = {
      type: "MessagesFullyRead",
      from: 0,
      upTo: 1,
      slowest: "1",
      slowestFrom: 0,
      slowestUpTo: 0,
      former: null,
    };
    const tellings = tellingsOf(recordOf(event), facts);
    const heardBy = (userId: string) =>
      tellings
        .filter((one) => (one.userId ?? userId) === userId && one.only?.(userId) !== false)
        .map(({ kind }) => kind);
    expect(["1", "2", "3"].map(heardBy)).toEqual([["version"], ["fully_read"], ["version"]]);
  });

  it("put at most 100 ids into one frame and say that more come", () => {
    const seqs = Array.from({ length: 205 }, (_, index) => index + 1);
    const facts: Facts = { ...noFacts, fullyReadBy: () => new Map([["2", { seqs, upTo: 205 }]]) };
    const event: ChatEvent = {
      type: "MessagesFullyRead",
      from: 0,
      upTo: 205,
      slowest: "1",
      slowestFrom: 0,
      slowestUpTo: 0,
      former: null,
    };
    const tellings = tellingsOf(recordOf(event), facts).filter(({ kind }) => kind === "fully_read");
    expect(tellings.map(({ more, userId }) => [more, userId])).toEqual([
      [true, "2"],
      [true, "2"],
      [false, "2"],
    ]);
    const parts = tellings.map(({ payload }) => ("message_ids" in payload ? payload.message_ids : []));
    // The last part is a full one: a dialect that names the newest hundred needs no other.
    expect(parts.map((part) => part.length)).toEqual([5, 100, 100]);
    const ids = parts.flat();
    expect(ids).toEqual(seqs.map((seq) => `${chatId}.${seq}`));
  });
});

describe("a chat, folded", () => {
  it("is what its events made of it", () => {
    const created: ChatEvent = {
      type: "ChatCreated",
      chatType: "group",
      members: [{ userId: "1", role: "owner" }],
      content: { title: "a", description: null },
    };
    const events: ChatEvent[] = [
      created,
      added,
      { type: "ChatRenamed", content: { title: "b" } },
      { type: "MessageSent", seq: 1, replyTo: null, content: { text: "hi" } },
      { type: "MemberLeft", userId: "1" },
    ];
    const folded = events.reduce<ChatParts | null>(
      (before, event, index) => foldChat(before, recordOf(event, index + 1)),
      null,
    );
    expect(folded).toMatchObject({ title: "b", description: null, memberIds: ["2"], version: 5, creatorId: "1" });
  });

  it("is nothing before it was created", () => {
    expect(foldChat(null, recordOf(added))).toBeNull();
  });
});
