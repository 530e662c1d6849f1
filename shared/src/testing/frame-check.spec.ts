import { describe, expect, it } from "@jest/globals";
import { createFrameCheck } from "./frame-check.ts";

const chat = "0197a3c0-0000-7000-8000-000000000001";
const at = (path: string) => createFrameCheck(`ws://127.0.0.1:8000${path}`);
const message = {
  type: "message",
  ...{ id: `${chat}.1`, chat_id: chat, sender_id: "7", text: "hi", timestamp: "2026-01-02T03:04:05.000Z" },
  client_message_id: null,
};
const problem = { type: "urn:x", title: "Not found", status: 404, detail: "There is none.", code: "not_found" };
const error = { type: "error", detail: "There is none.", error: problem };
const ready = { type: "ready", user_id: "7", device_id: "d", cursor: "c", resumed: false, heartbeat: 25 };

describe("a frame", () => {
  it.each([
    ["/ws?token=x", JSON.stringify(ready)],
    ["/ws/notif", JSON.stringify(ready)],
    [`/chat/${chat}`, JSON.stringify(message)],
    [`/ws/${chat}/`, JSON.stringify({ type: "read", message_id: `${chat}.1`, reader_id: "8" })],
    [`/ws/${chat}`, JSON.stringify(error)],
    ["/ws/7", JSON.stringify({ type: "joined", chat_id: chat })],
    ["/ws/7", JSON.stringify(error)],
    [`/ws/7/${chat}`, "📩 Новое сообщение от 7: {\n"],
    [`/ws/${chat}/7`, "⚠️ Сообщение не отправлено: вы не участник этого чата"],
  ])("of %s is as the document says: %s", (path, text) => {
    expect(() => at(path)(text)).not.toThrow();
  });

  it.each([
    ["/ws", JSON.stringify({ ...ready, more: 1 })],
    ["/ws/notif?quiet=1", JSON.stringify(ready)],
    [`/chat/${chat}`, JSON.stringify({ ...message, more: 1 })],
    [`/ws/${chat}`, JSON.stringify({ ...message, text: undefined })],
    [`/ws/${chat}`, JSON.stringify({ type: "typing" })],
    [`/ws/${chat}`, "words"],
    ["/ws/7", JSON.stringify({ type: "new_message", message: { id: "1" } })],
    ["/ws/7", JSON.stringify({ ...error, error: { ...problem, code: "whatever" } })],
    [`/ws/7/${chat}`, "words"],
    ["/elsewhere", "{}"],
  ])("of %s is found out when it is not: %s", (path, text) => {
    expect(() => at(path)(text)).toThrow();
  });
});
