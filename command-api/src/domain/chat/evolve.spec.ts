import { describe, expect, it } from "@jest/globals";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import { at, createChat, given, group, happened, joined, left, read, sent } from "../../testing/given-chat.ts";
import { evolveMessage } from "./evolve-message.ts";
import { evolve } from "./evolve.ts";
import { initialState } from "./state.ts";

const later = "2026-02-03T04:05:06.789Z";
const meta = { actor: "alice", at: later };

describe("a chat", () => {
  it("begins with its members, who have read all of nothing", () => {
    expect(given(group("alice", "bob")).state()).toEqual({
      status: "active",
      version: 1,
      chatType: "group",
      title: "A group",
      description: null,
      avatar: null,
      creatorId: "alice",
      createdAt: at,
      updatedAt: at,
      lastSeq: 0,
      members: new Map([
        ["alice", { userId: "alice", status: "in", role: "owner", joinedAt: at, readUpTo: 0, ownReadUpTo: 0 }],
        ["bob", { userId: "bob", status: "in", role: "member", joinedAt: at, readUpTo: 0, ownReadUpTo: 0 }],
      ]),
      fullyRead: { upTo: 0, exceptAuthor: null },
    });
  });

  it("shares its members with what it was before a message", () => {
    const before = given(group("alice", "bob")).state();
    const after = evolve(before, { type: "MessageSent", seq: 1, replyTo: null, content: { text: "hi" } }, meta);
    expect(after).toEqual({ ...before, version: 2, lastSeq: 1 });
    expect(after).toHaveProperty("members", before.members);
  });

  it.each<ChatEvent>([
    { type: "MessageRead", from: 0, upTo: 1, named: null },
    { type: "MembersAdded", members: [{ userId: "dave", role: "member" }], readUpTo: 1 },
    { type: "MemberRemoved", userId: "bob" },
    { type: "MessagesFullyRead", from: 0, upTo: 1, slowest: "bob", slowestFrom: 0, slowestUpTo: 1, former: null },
  ])("leaves what it was before as it was: $type", (event) => {
    const before = given(group("alice", "bob"), sent("alice")).state();
    const copy = structuredClone(before);
    const after = evolve(before, event, meta);
    expect(before).toEqual(copy);
    expect(after).not.toEqual({ ...before, version: 3 });
  });

  it("keeps title, description and picture unless they were changed", () => {
    const chat = given(
      group("alice"),
      happened("alice", { type: "ChatRenamed", avatar: "file-1", content: { description: "d" } }),
      happened("alice", { type: "ChatRenamed", content: { title: null } }),
    ).state();
    expect(chat).toMatchObject({ title: null, description: "d", avatar: "file-1" });
  });

  it("is updated by changes of itself, not by messages", () => {
    const before = given(group("alice", "bob"), sent("alice")).state();
    const updated = (event: ChatEvent) => evolve(before, event, meta);
    expect(updated({ type: "MemberRoleChanged", userId: "bob", role: "admin" })).toHaveProperty("updatedAt", later);
    expect(updated({ type: "MemberLeft", userId: "bob" })).toHaveProperty("updatedAt", later);
    expect(updated({ type: "MessageDeleted", seq: 1, senderId: "alice" })).toHaveProperty("updatedAt", at);
    expect(updated({ type: "MessageRead", from: 0, upTo: 1, named: 1 })).toHaveProperty("updatedAt", at);
  });

  it("remembers one who left, and lets one who comes back start at the last message", () => {
    const gone = given(group("alice", "bob"), sent("alice"), read("bob", 1), left("bob"), sent("alice"));
    expect(gone.state().members.get("bob")).toMatchObject({ status: "out", readUpTo: 1 });
    const back = given(group("alice", "bob"), sent("alice"), left("bob"), sent("alice"), joined("alice", "bob"));
    expect(back.state().members.get("bob")).toMatchObject({ status: "in", readUpTo: 2 });
  });

  it("is nothing but gone when it was deleted", () => {
    expect(evolve(given(group("alice")).state(), { type: "ChatDeleted" }, meta)).toEqual({
      status: "deleted",
      version: 2,
    });
  });

  it("does not go on where it cannot", () => {
    const created = group("alice")(initialState).event;
    expect(() => evolve(given(group("alice")).state(), created, meta)).toThrow("was there already");
    expect(() => evolve(initialState, { type: "ChatDeleted" }, meta)).toThrow("absent");
    expect(() => evolve({ status: "deleted", version: 2 }, { type: "ChatDeleted" }, meta)).toThrow("deleted");
    expect(() => evolve(given(group("alice")).state(), { type: "MemberLeft", userId: "eve" }, meta)).toThrow("never");
  });
});

describe("a message", () => {
  const sending: ChatEvent = { type: "MessageSent", seq: 2, replyTo: 1, content: { text: "helo" } };
  const message = evolveMessage(undefined, sending, { actor: "alice", at, idempotencyKey: "c-1", version: 2 });
  const facts = {
    senderId: "alice",
    sentAt: at,
    replyTo: 1,
    clientMessageId: "c-1",
    files: [],
    readCount: 0,
    fullyRead: false,
  };
  const editing: ChatEvent = { type: "MessageEdited", seq: 2, message: facts, content: { text: "hello", names: [] } };
  const keyless = { ...meta, idempotencyKey: null, version: 3 };

  it("is what was sent, under its client's id", () => {
    expect(message).toEqual({
      seq: 2,
      senderId: "alice",
      text: "helo",
      sentAt: at,
      editedAt: null,
      deleted: false,
      replyTo: 1,
      clientMessageId: "c-1",
      files: [],
    });
  });

  it("is edited, and keeps its client's id", () => {
    expect(evolveMessage(message, editing, { ...keyless, idempotencyKey: "another" })).toEqual({
      ...message,
      text: "hello",
      editedAt: later,
    });
  });

  it("gets files, which stay when its text changes and go when it is deleted", () => {
    const file = { number: 1, key: "k", type: "image/png", size: 68 };
    const attaching: ChatEvent = { type: "FileAttached", seq: 2, files: [file], content: { names: ["snow.png"] } };
    const attached = evolveMessage(message, attaching, keyless);
    expect(attached).toEqual({ ...message, files: [{ ...file, name: "snow.png", version: 3 }] });
    expect(evolveMessage(attached, editing, keyless)?.files).toEqual(attached?.files);
    expect(evolveMessage(attached, { type: "MessageDeleted", seq: 2, senderId: "alice" }, keyless)?.files).toEqual([]);
  });

  it("keeps nothing of its text when it is deleted", () => {
    const deleting: ChatEvent = { type: "MessageDeleted", seq: 2, senderId: "alice" };
    expect(evolveMessage(message, deleting, keyless)).toEqual({ ...message, text: "", deleted: true });
  });

  it("is not touched by events about others or the chat", () => {
    expect(evolveMessage(message, { ...editing, seq: 3 }, keyless)).toBe(message);
    expect(evolveMessage(message, { ...sending, seq: 3 }, keyless)).toBe(message);
    expect(evolveMessage(message, { type: "MessageRead", from: 0, upTo: 2, named: 2 }, keyless)).toBe(message);
  });

  it("is not there before it was sent", () => {
    expect(evolveMessage(undefined, editing, keyless)).toBeUndefined();
    expect(createChat().messages.size).toBe(0);
  });
});
