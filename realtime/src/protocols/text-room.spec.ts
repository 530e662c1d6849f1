import { describe, expect, it } from "@jest/globals";
import { chatId, incoming, message, messageId, newMessage, read, tell } from "./testing/tellings.ts";
import { chatRoom } from "./chat-room.ts";
import { textRoom } from "./text-room.ts";

const sending = (text: string, clientMessageId: string | null = null) => ({
  kind: "command",
  id: null,
  command: { type: "SendMessage", chatId, text, clientMessageId, replyTo: null },
});

describe("the room for texts (seed 000)", () => {
  it("tells in the frames of the chat room", () => {
    for (const told of [newMessage({ text: "Привет" }), read({ user_id: "2" }, "1")])
      expect(tell(textRoom, "1", told)).toEqual(tell(chatRoom, "1", told));
    const repeated = { type: "MessageSent", repeated: true, message: message() } as const;
    expect(textRoom.done(null, repeated)).toBe(chatRoom.done(null, repeated));
  });

  it.each(["Привет", " two words ", "7", "null", '"quoted"', "[1, 2]", "{ no object", "🌍"])(
    "sends %j as it is",
    (text) => expect(incoming(textRoom, text)).toEqual(sending(text)),
  );

  it("sends the text of an object", () => {
    expect(incoming(textRoom, { text: "Привет" })).toEqual(sending("Привет"));
    expect(incoming(textRoom, { text: "x", client_message_id: "c-1" })).toEqual(sending("x", "c-1"));
    expect(incoming(textRoom, { type: "message", text: "x" })).toEqual(sending("x"));
  });

  it("takes the chat room's other frames as well", () => {
    const seen = { type: "read", message_id: messageId(3) };
    expect(incoming(textRoom, seen)).toEqual(incoming(chatRoom, seen));
  });

  it.each([
    ["nothing", ""],
    ["an object without a text", {}],
    ["a text that is a number", { text: 7 }],
    ["NUL", "a\0"],
    ["NUL in an object", { text: "a\0" }],
    ["half of a surrogate pair", '{"text":"\\ud83d"}'],
    ["16 KiB and a byte", "x".repeat(16_385)],
  ])("refuses %s", (_what, sent) => {
    expect(incoming(textRoom, sent)).toMatchObject({ kind: "refused", rejection: { code: "validation_failed" } });
  });

  it("refuses what is no UTF-8", () => {
    const rejection = { code: "invalid_utf8", message: "The frame is not valid UTF-8." };
    expect(incoming(textRoom, Buffer.from([0xff, 0x7b]))).toMatchObject({ kind: "refused", rejection });
  });

  it("sends 16 KiB", () => {
    expect(incoming(textRoom, "x".repeat(16_384))).toMatchObject({ kind: "command" });
  });
});
