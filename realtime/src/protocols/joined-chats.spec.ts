import { describe, expect, it } from "@jest/globals";
import { problemOf } from "@chat/shared/http/problem";
import { Rejection } from "@chat/shared/rejection";
import { chatId, fullyRead, incoming, message, messageId, newMessage, read, tell } from "./testing/tellings.ts";
import type { Telling } from "../tellings.ts";
import { joinedChats } from "./joined-chats.ts";

const fileAttached: Telling = {
  ...newMessage(),
  kind: "file_attached",
  payload: { message_id: messageId(3), seq: 3, files: [], by: "1" },
};

describe("joined chats (seed 004)", () => {
  it("tell a message, new or changed, whole", () => {
    expect(tell(joinedChats, "2", newMessage())).toEqual([{ type: "new_message", message: message() }]);
    const updated = { ...newMessage({ text: "changed" }), kind: "message_updated" as const };
    expect(tell(joinedChats, "2", updated)).toEqual([
      { type: "message_updated", message: { ...message(), text: "changed" } },
    ]);
  });

  it("tell a message to which files were added, whole, by their word for one that has changed", () => {
    const whole = message({ files: [{ id: "f", name: "n", type: "text/plain", size: 1, url: "/files/f" }] });
    expect(tell(joinedChats, "2", { ...fileAttached, message: whole })).toEqual([
      { type: "message_updated", message: whole },
    ]);
  });

  it("tell which message was deleted, and where", () => {
    const payload = { message_id: messageId(3), seq: 3, by: "1" };
    expect(tell(joinedChats, "2", { ...newMessage(), kind: "message_deleted", payload })).toEqual([
      { type: "message_deleted", message_id: messageId(3), chat_id: chatId },
    ]);
  });

  it.each([
    ["that somebody has read", read({ user_id: "2" }, "1")],
    ["that all have read", fullyRead([messageId(3)])],
    ["files of which it is not known what message they were added to", fileAttached],
  ])("have no word for %s", (_what, told) => {
    expect(tell(joinedChats, "1", told)).toEqual([]);
  });

  it("are joined and left by their clients, and joining is answered", () => {
    expect(incoming(joinedChats, { type: "join_chat", chat_id: chatId })).toEqual({ kind: "join", id: null, chatId });
    expect(incoming(joinedChats, { type: "leave_chat", chat_id: chatId })).toEqual({ kind: "leave", id: null, chatId });
    expect(JSON.parse(joinedChats.joined?.(chatId) ?? "")).toEqual({ type: "joined", chat_id: chatId });
  });

  it("take and tell who types", () => {
    const typing = { type: "typing", chat_id: chatId, is_typing: true };
    expect(incoming(joinedChats, typing)).toEqual({ kind: "typing", id: null, chatId, isTyping: true });
    const told = joinedChats.framesForSignal?.({ kind: "typing", chatId, userId: "1", isTyping: false }) ?? [];
    expect(told.map((frame) => JSON.parse(frame) as unknown)).toEqual([
      { type: "typing", chat_id: chatId, user_id: "1", is_typing: false },
    ]);
    expect(joinedChats.framesForSignal?.({ kind: "presence", userId: "1", status: "online" })).toEqual([]);
  });

  it.each([
    ["typing without a word whether", { type: "typing", chat_id: chatId }, "validation_failed"],
    ["no chat", { type: "join_chat" }, "validation_failed"],
    ["a chat that is a number", { type: "join_chat", chat_id: 1 }, "validation_failed"],
    ["a chat of words", { type: "join_chat", chat_id: "general" }, "not_found"],
    ["leaving a chat of words", { type: "leave_chat", chat_id: "general" }, "not_found"],
  ])("refuse %s", (_what, sent, code) => {
    expect(incoming(joinedChats, sent)).toMatchObject({ kind: "refused", rejection: { code } });
  });

  it.each(["", "hello", "null", "[]", "{}", '{"type":"new_message"}'])("cannot read %j", (sent) => {
    expect(incoming(joinedChats, sent)).toMatchObject({ kind: "unreadable" });
  });

  it("say what is wrong, in words and for programs", () => {
    const problem = problemOf(new Rejection("forbidden", "There is no such chat, or this user is not in it."));
    expect(JSON.parse(joinedChats.refused(null, problem) ?? "")).toMatchObject({
      type: "error",
      detail: "There is no such chat, or this user is not in it.",
      error: { code: "forbidden" },
    });
  });
});
