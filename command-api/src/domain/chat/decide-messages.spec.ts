import { describe, expect, it } from "@jest/globals";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import {
  at,
  attached,
  deleted,
  given,
  group,
  happened,
  left,
  privateChat,
  read,
  sent,
} from "../../testing/given-chat.ts";
import type { ChatCommand } from "./commands.ts";
import { decide } from "./decide.ts";
import { maxFilesPerMessage, maxMessagesPerChat } from "./limits.ts";

const send = (text: string, replyTo: number | null = null): ChatCommand => ({ type: "SendMessage", text, replyTo });
const edit = (seq: number, text: string): ChatCommand => ({ type: "EditMessage", seq, text });
const remove = (seq: number): ChatCommand => ({ type: "DeleteMessage", seq });
const markRead = (upTo: number | null, named: number | null = null): ChatCommand => ({ type: "MarkRead", upTo, named });
const team = group("alice", ["bob", "admin"], "charlie");

describe("sending a message", () => {
  it("gives it the next seq, whoever sends", () => {
    given(team)
      .when("charlie", send("hi"))
      .then({ type: "MessageSent", seq: 1, replyTo: null, content: { text: "hi" } });
    given(privateChat("alice", "bob"), sent("alice"))
      .when("bob", send("hi"))
      .then({ type: "MessageSent", seq: 2, replyTo: null, content: { text: "hi" } });
  });

  it("may answer a message of this chat", () => {
    given(team, sent("alice"), sent("bob"))
      .when("bob", send("yes", 1))
      .then({ type: "MessageSent", seq: 3, replyTo: 1, content: { text: "yes" } });
  });

  it.each([0, -1, 3])("does not answer what is not there: %d", (replyTo) => {
    given(team, sent("alice"), sent("bob")).when("bob", send("yes", replyTo)).thenRefused("validation_failed");
  });

  it("ends with the digits of a seq", () => {
    const state = { ...given(team).state(), lastSeq: maxMessagesPerChat };
    expect(decide(send("one more"), state, { actor: "alice", at })).toMatchObject({ code: "conflict" });
  });
});

describe("editing a message", () => {
  it("is its author's right, and says the whole message as it is then", () => {
    given(team, sent("charlie", "helo"), read("alice", 1))
      .when("charlie", edit(1, "hello"))
      .then({
        type: "MessageEdited",
        seq: 1,
        message: {
          senderId: "charlie",
          sentAt: at,
          replyTo: null,
          clientMessageId: null,
          files: [],
          readCount: 1,
          fullyRead: false,
        },
        content: { text: "hello", names: [] },
      });
  });

  it("is nobody else's right", () => {
    given(team, sent("charlie")).when("alice", edit(1, "mine")).thenRefused("forbidden");
    given(privateChat("alice", "bob"), sent("alice")).when("bob", edit(1, "mine")).thenRefused("forbidden");
  });

  it("to the same text changes nothing", () => {
    given(team, sent("charlie", "hello")).when("charlie", edit(1, "hello")).thenNothing();
  });

  it("comes too late when it was deleted", () => {
    given(team, sent("charlie"), deleted("charlie", 1))
      .when("charlie", edit(1, "again"))
      .thenRefused("message_deleted");
  });

  it("needs a message", () => {
    given(team, sent("charlie")).when("charlie", edit(2, "hello")).thenRefused("not_found");
  });
});

describe("attaching files", () => {
  const file = (name: string) => ({ key: name, name, type: "text/plain", size: 4 });
  const attach = (seq: number, ...names: string[]): ChatCommand => ({
    type: "AttachFiles",
    seq,
    files: names.map(file),
  });
  const kept = (number: number, key: string) => ({ number, key, type: "text/plain", size: 4 });
  const facts = {
    senderId: "charlie",
    sentAt: at,
    replyTo: null,
    clientMessageId: null,
    files: [],
    readCount: 0,
    fullyRead: false,
    editedAt: null,
  };
  const manyFiles = Array.from({ length: maxFilesPerMessage }, (_, index) => `file ${String(index + 1)}`);

  it("numbers them in their message, all of one command in one event", () => {
    given(team, sent("charlie", "look"))
      .when("charlie", attach(1, "one", "two"))
      .then({
        type: "FileAttached",
        seq: 1,
        files: [kept(1, "one"), kept(2, "two")],
        message: { ...facts, files: [kept(1, "one"), kept(2, "two")] },
        content: { names: ["one", "two"], message: { text: "look", names: ["one", "two"] } },
      });
  });

  it("says the whole message as it is with them: what it says by then, all its files, and who has read it", () => {
    const { editedAt: _, ...message } = facts;
    const editing: ChatEvent = { type: "MessageEdited", seq: 1, message, content: { text: "look here", names: [] } };
    const past = [team, sent("charlie", "look"), happened("charlie", editing), read("alice", 1)];
    given(...past, attached("charlie", 1, 1, "one"))
      .when("charlie", attach(1, "two"))
      .then({
        type: "FileAttached",
        seq: 1,
        files: [kept(2, "two")],
        message: { ...facts, files: [kept(1, "one"), kept(2, "two")], readCount: 1, editedAt: at },
        content: { names: ["two"], message: { text: "look here", names: ["one", "two"] } },
      });
  });

  it("is its author's right alone, as long as he is a member", () => {
    given(team, sent("charlie")).when("alice", attach(1, "one")).thenRefused("forbidden");
    given(team, sent("charlie"), left("charlie")).when("charlie", attach(1, "one")).thenRefused("not_found");
    given(team, sent("charlie")).when("eve", attach(1, "one")).thenRefused("not_found");
  });

  it("needs a message that was not deleted", () => {
    given(team, sent("charlie")).when("charlie", attach(2, "one")).thenRefused("not_found");
    given(team, sent("charlie"), deleted("charlie", 1))
      .when("charlie", attach(1, "one"))
      .thenRefused("message_deleted");
  });

  it("ends at so many files of one message", () => {
    given(team, sent("charlie"))
      .when("charlie", attach(1, ...manyFiles, "one more"))
      .thenRefused("validation_failed");
    const full = manyFiles.map((name, index) => attached("charlie", 1, index + 1, name));
    given(team, sent("charlie"), ...full)
      .when("charlie", attach(1, "one more"))
      .thenRefused("validation_failed");
  });

  it("without any asks only whether it may be, and changes nothing", () => {
    given(team, sent("charlie")).when("charlie", attach(1)).thenNothing();
    given(team, sent("charlie")).when("alice", attach(1)).thenRefused("forbidden");
  });

  it("is carried by a later edit", () => {
    given(team, sent("charlie"), attached("charlie", 1, 1, "one"))
      .when("charlie", edit(1, "look at this"))
      .then({
        type: "MessageEdited",
        seq: 1,
        message: {
          senderId: "charlie",
          sentAt: at,
          replyTo: null,
          clientMessageId: null,
          files: [{ number: 1, key: "one", type: "text/plain", size: 4 }],
          readCount: 0,
          fullyRead: false,
        },
        content: { text: "look at this", names: ["one"] },
      });
  });
});

describe("deleting a message", () => {
  it("is its author's right", () => {
    given(team, sent("charlie"))
      .when("charlie", remove(1))
      .then({ type: "MessageDeleted", seq: 1, senderId: "charlie" });
    given(privateChat("alice", "bob"), sent("alice"))
      .when("alice", remove(1))
      .then({ type: "MessageDeleted", seq: 1, senderId: "alice" });
  });

  it("is an admin's and an owner's right in a group", () => {
    given(team, sent("charlie")).when("bob", remove(1)).then({ type: "MessageDeleted", seq: 1, senderId: "charlie" });
    given(team, sent("charlie")).when("alice", remove(1)).then({ type: "MessageDeleted", seq: 1, senderId: "charlie" });
  });

  it("is nobody else's right", () => {
    given(team, sent("alice")).when("charlie", remove(1)).thenRefused("forbidden");
    given(privateChat("alice", "bob"), sent("alice")).when("bob", remove(1)).thenRefused("forbidden");
  });

  it("of the other is no right that a private chat gives, whatever role its rows name", () => {
    const owned = happened("alice", {
      type: "ChatCreated",
      chatType: "private",
      members: [
        { userId: "alice", role: "owner" },
        { userId: "bob", role: "member" },
      ],
      content: { title: null, description: null },
    });
    given(owned, sent("bob")).when("alice", remove(1)).thenRefused("forbidden");
  });

  it("again changes nothing", () => {
    given(team, sent("charlie"), deleted("alice", 1, "charlie"))
      .when("charlie", remove(1))
      .thenNothing();
  });

  it("needs a message", () => {
    given(team).when("alice", remove(1)).thenRefused("not_found");
  });
});

describe("reading", () => {
  it("moves the pointer to where it was asked, over own messages too", () => {
    given(team, sent("alice"), sent("bob"), sent("charlie"))
      .when("charlie", markRead(2))
      .then({ type: "MessageRead", from: 0, upTo: 2, named: null });
    given(team, sent("charlie"))
      .when("charlie", markRead(1, 1))
      .then({ type: "MessageRead", from: 0, upTo: 1, named: 1 });
  });

  it("is cut to the last message", () => {
    given(team, sent("alice"), read("charlie", 1), sent("alice"))
      .when("charlie", markRead(99))
      .then({ type: "MessageRead", from: 1, upTo: 2, named: null });
  });

  it("without a place is everything", () => {
    given(team, sent("alice"), sent("alice"))
      .when("charlie", markRead(null))
      .then({ type: "MessageRead", from: 0, upTo: 2, named: null });
  });

  it("never goes back", () => {
    const past = [team, sent("alice"), sent("alice"), read("charlie", 2)];
    given(...past)
      .when("charlie", markRead(1))
      .thenNothing();
    given(...past)
      .when("charlie", markRead(2))
      .thenNothing();
    given(...past)
      .when("charlie", markRead(-5))
      .thenNothing();
    given(team).when("charlie", markRead(null)).thenNothing();
  });

  it("names only a message that is there", () => {
    given(team, sent("alice")).when("charlie", markRead(2, 2)).thenRefused("not_found");
    given(team, sent("alice")).when("charlie", markRead(0, 0)).thenRefused("not_found");
  });

  it("is no longer for one who left", () => {
    given(team, sent("alice"), left("charlie")).when("charlie", markRead(null)).thenRefused("not_found");
  });
});
