import { describe, expect, it } from "@jest/globals";
import type { MessageObject } from "@chat/shared/api/message-object";
import { problemOf } from "@chat/shared/http/problem";
import { Rejection } from "@chat/shared/rejection";
import {
  chatId,
  context,
  fullyRead,
  incoming,
  message,
  messageId,
  newMessage,
  read,
  tell,
} from "./testing/tellings.ts";
import { chatRoom } from "./chat-room.ts";

const frame = (changes: Partial<MessageObject> = {}) => {
  const { id, sender_id, text, timestamp, client_message_id } = { ...message(), ...changes };
  return { type: "message", id, chat_id: chatId, sender_id, text, timestamp, client_message_id };
};

describe("the chat room (seed 001)", () => {
  it("tells a message to all in the chat, the sender too", () => {
    const told = newMessage({ text: "Текст сообщения", sender_id: "1", client_message_id: "c-1" });
    for (const user of ["1", "2"])
      expect(tell(chatRoom, user, told)).toEqual([frame({ text: "Текст сообщения", client_message_id: "c-1" })]);
  });

  it("tells the author alone that the named message was read, and by whom", () => {
    const told = read({ user_id: "2", message_id: messageId(3) }, "1");
    expect(tell(chatRoom, "1", told)).toEqual([{ type: "read", message_id: messageId(3), reader_id: "2" }]);
    expect(tell(chatRoom, "2", told)).toEqual([]);
    expect(tell(chatRoom, "3", told)).toEqual([]);
  });

  it.each([
    ["who read his own message", read({ user_id: "1" }, "1")],
    ["a reader of nobody's that is known", read({ user_id: "2" }, undefined)],
    ["a message that was taken back meanwhile", newMessage({ text: "", deleted: true })],
    ["an edit", { ...newMessage({ text: "changed" }), kind: "message_updated" as const }],
    ["that all have read", fullyRead(["1"], { members: 3 })],
  ])("has no word for %s", (_what, told) => {
    expect(tell(chatRoom, "1", told)).toEqual([]);
  });

  it.each([
    [
      { type: "message", text: "Текст сообщения" },
      { text: "Текст сообщения", clientMessageId: null },
    ],
    [
      { type: "message", text: "x", client_message_id: "c-1", more: 1 },
      { text: "x", clientMessageId: "c-1" },
    ],
    [
      { type: "message", text: "x", client_message_id: null },
      { text: "x", clientMessageId: null },
    ],
  ])("takes %j for a message to this chat", (sent, command) => {
    const whole = { type: "SendMessage", chatId, replyTo: null, ...command };
    expect(incoming(chatRoom, sent)).toEqual({ kind: "command", id: null, command: whole });
  });

  it("takes a read for the message that it names", () => {
    expect(incoming(chatRoom, { type: "read", message_id: messageId(3) })).toEqual({
      kind: "command",
      id: null,
      command: { type: "MarkRead", chatId, upTo: null, messageId: messageId(3) },
    });
  });

  it.each([
    ["an empty text", { type: "message", text: "" }, "validation_failed"],
    ["no text", { type: "message" }, "validation_failed"],
    ["a text that is a number", { type: "message", text: 1 }, "validation_failed"],
    ["a text with NUL", { type: "message", text: "a\0" }, "validation_failed"],
    ["a text that is too long", { type: "message", text: "я".repeat(8_193) }, "validation_failed"],
    ["no message that was read", { type: "read" }, "validation_failed"],
    ["a message id that is a number", { type: "read", message_id: 1 }, "validation_failed"],
    ["a message id made up", { type: "read", message_id: "1" }, "not_found"],
    ["another chat's message", { type: "read", message_id: "0197a3c0-0000-7000-8000-00000000000f.1" }, "not_found"],
  ])("refuses %s", (_what, sent, code) => {
    expect(incoming(chatRoom, sent)).toMatchObject({ kind: "refused", rejection: { code } });
  });

  it.each(["", "hello", "null", "7", '"text"', "[]", "{}", '{"type":"send","text":"x"}', '{"type":"__proto__"}'])(
    "cannot read %j",
    (sent) => expect(incoming(chatRoom, sent)).toMatchObject({ kind: "unreadable" }),
  );

  it("gives the original frame once more to the device that sent its message again", () => {
    const sent = { type: "MessageSent", message: message({ client_message_id: "c-1" }) } as const;
    expect(JSON.parse(chatRoom.done(null, { ...sent, repeated: true }) ?? "")).toEqual(
      frame({ client_message_id: "c-1" }),
    );
    expect(chatRoom.done(null, { ...sent, repeated: false })).toBeNull();
    expect(chatRoom.done(null, { type: "Read", chatId, readUpTo: 1, fullyRead: false, unreadCount: 0 })).toBeNull();
  });

  it("says what is wrong, in words and for programs", () => {
    const problem = problemOf(new Rejection("not_found", "There is no such chat."));
    expect(JSON.parse(chatRoom.refused(null, problem) ?? "")).toMatchObject({
      type: "error",
      detail: "There is no such chat.",
      error: { code: "not_found", status: 404 },
    });
  });

  it("says nothing that its clients would not understand", () => {
    const start = { userId: "1", deviceId: "d", cursor: context.at, resumed: true, heartbeatSeconds: 25 };
    expect([chatRoom.ready(start), chatRoom.moved("AFTER"), chatRoom.resync()]).toEqual([null, null, null]);
  });
});
