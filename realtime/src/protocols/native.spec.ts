import { describe, expect, it } from "@jest/globals";
import type { Telling } from "../tellings.ts";
import { nativeProtocol } from "./native.ts";
import { framesTo } from "./protocol.ts";

const chatId = "0197a3c0-0000-7000-8000-000000000001";
const context = { chatId, version: 7, before: "BEFORE", at: "AFTER" };
const frame = (incoming: object | string) =>
  nativeProtocol.incoming(Buffer.from(typeof incoming === "string" ? incoming : JSON.stringify(incoming)), null);

describe("the native protocol", () => {
  it("tells an event with its place in the chat and in the stream", () => {
    const telling: Telling = {
      kind: "message_deleted",
      to: "present",
      seq: 3,
      payload: { message_id: `${chatId}.3`, seq: 3, by: "1" },
      more: false,
    };
    expect(nativeProtocol.framesFor(telling, context)).toEqual([
      `{"type":"message_deleted","chat_id":"${chatId}","version":7,"seq":3,"at":"AFTER","payload":{"message_id":"${chatId}.3","seq":3,"by":"1"}}`,
    ]);
  });

  it("moves a client on only with the last frame of an event", () => {
    const telling: Telling = {
      kind: "fully_read",
      to: "authors",
      seq: null,
      payload: { message_ids: [], up_to: 1 },
      more: true,
    };
    const [text] = framesTo("1", nativeProtocol.framesFor(telling, context));
    expect(JSON.parse(text ?? "")).toEqual({
      type: "fully_read",
      chat_id: chatId,
      version: 7,
      at: "BEFORE",
      payload: telling.payload,
    });
  });

  it.each([
    [
      { type: "send", id: "c1", chat_id: chatId, text: "hi", client_message_id: "m", reply_to: `${chatId}.1` },
      { type: "SendMessage", chatId, text: "hi", clientMessageId: "m", replyTo: `${chatId}.1` },
    ],
    [
      { type: "send", id: "c1", chat_id: chatId, text: "hi", client_message_id: null },
      { type: "SendMessage", chatId, text: "hi", clientMessageId: null, replyTo: null },
    ],
    [
      { type: "read", id: "c1", chat_id: chatId, up_to: 3 },
      { type: "MarkRead", chatId, upTo: 3, messageId: null },
    ],
    [
      { type: "read", id: "c1", message_id: `${chatId}.4` },
      { type: "MarkRead", chatId, upTo: null, messageId: `${chatId}.4` },
    ],
  ])("takes %j for a command", (sent, command) => {
    expect(frame(sent)).toEqual({ kind: "command", id: "c1", command });
  });

  it("takes what is no command for what it is", () => {
    expect(frame({ type: "ping" })).toEqual({ kind: "ping", id: null });
    expect(frame({ type: "ack", at: "A" })).toEqual({ kind: "ack", id: null, cursor: "A" });
  });

  it.each([
    ["an empty text", { type: "send", chat_id: chatId, text: "" }, "validation_failed"],
    ["no text", { type: "send", chat_id: chatId }, "validation_failed"],
    ["a key with a space", { type: "send", chat_id: chatId, text: "x", client_message_id: "a b" }, "validation_failed"],
    ["a chat id made up", { type: "send", chat_id: "7", text: "x" }, "not_found"],
    ["a message id made up", { type: "read", message_id: "7" }, "not_found"],
    ["neither seq nor message", { type: "read", chat_id: chatId }, "validation_failed"],
    ["both", { type: "read", chat_id: chatId, up_to: 1, message_id: `${chatId}.1` }, "validation_failed"],
    ["a seq below zero", { type: "read", chat_id: chatId, up_to: -1 }, "validation_failed"],
    ["no cursor", { type: "ack" }, "validation_failed"],
  ])("refuses %s under the frame's id", (_what, sent, code) => {
    expect(frame({ id: "c1", ...sent })).toMatchObject({ kind: "refused", id: "c1", rejection: { code } });
  });

  it.each(["", "{", "null", "7", '"send"', "[]", "{}", '{"type":7}', '{"type":"__proto__"}', '{"type":"new_message"}'])(
    "cannot read %j",
    (sent) => expect(frame(sent)).toMatchObject({ kind: "unreadable" }),
  );

  it("cannot read what is no UTF-8", () => {
    expect(nativeProtocol.incoming(Buffer.from([0xff, 0x7b]), null)).toMatchObject({
      kind: "unreadable",
      rejection: { code: "invalid_utf8", message: "The frame is not valid UTF-8." },
    });
  });

  it("says of a frame that it is none in JSON, and of an ack both names that would do", () => {
    expect(frame("{")).toMatchObject({ rejection: { message: "The frame is not valid JSON." } });
    expect(frame({ type: "ack" })).toMatchObject({ rejection: { message: "/cursor is missing: give cursor or at." } });
  });
});
