import { describe, expect, it } from "@jest/globals";
import { socketPlaceAt } from "./socket-places.ts";

const chat = "0197a3c0-0000-7000-8000-000000000001";
const oneChat = (newDeviceStarts = "now") => ({ shows: "one chat", chatId: chat, newDeviceStarts });

describe("the socket at a path", () => {
  it.each([
    ["/ws", "native", { shows: "all chats" }, null],
    [`/ws?chat=${chat}`, "native", oneChat(), null],
    ["/ws/notif", "native", { shows: "all chats" }, null],
    ["/ws/notif?quiet=1", "user-stream", { shows: "all chats" }, null],
    ["/ws/notif?quiet=0", "native", { shows: "all chats" }, null],
    [`/chat/${chat}`, "text-room", oneChat("where the user was"), null],
    [`/ws/${chat}`, "chat-room", oneChat(), null],
    [`/ws/${chat}/`, "chat-room", oneChat(), null],
    ["/ws/7", "joined-chats", { shows: "joined chats" }, "7"],
    [`/ws/7/${chat}`, "plain-text", oneChat(), "7"],
    [`/ws/${chat}/7`, "plain-text", oneChat(), "7"],
  ])("%s speaks %s", (address, name, scope, userId) => {
    const { pathname, searchParams } = new URL(address, "http://localhost");
    expect(socketPlaceAt(pathname, searchParams)).toMatchObject({ protocol: { name }, scope, userId });
  });

  it.each([
    ["/ws/general", "chat-room", "general", null],
    ["/chat/1", "text-room", "1", null],
    ["/ws/1/2", "plain-text", "1", "2"],
    ["/ws/x/y", "plain-text", "y", "x"],
  ])("%s shows a chat that does not exist, or is another user's", (path, name, chatId, userId) => {
    const place = socketPlaceAt(path, new URLSearchParams());
    expect(place).toMatchObject({ protocol: { name }, scope: { shows: "one chat", chatId }, userId });
  });

  it.each(["/", "/chat", `/chat/${chat}/more`, `/ws/7/${chat}/more`, `/rooms/${chat}`, `/WS/${chat}`])(
    "there is none at %s",
    (path) => expect(socketPlaceAt(path, new URLSearchParams())).toBeNull(),
  );
});
