import { describe, expect, it } from "@jest/globals";
import { problemOf } from "@chat/shared/http/problem";
import { Rejection, rejectionKinds, type RejectionCode } from "@chat/shared/rejection";
import { chatId, fullyRead, incoming, message, messageId, newMessage, read, tell } from "./testing/tellings.ts";
import { plainText } from "./plain-text.ts";

const sending = (text: string, clientMessageId: string | null = null) => ({
  kind: "command",
  id: null,
  command: { type: "SendMessage", chatId, text, clientMessageId, replyTo: null },
});

describe("plain text (seed 003)", () => {
  it("tells the author's devices that it was sent, and the others what", () => {
    const told = newMessage({ text: "Hello, World!", sender_id: "1" });
    expect(tell(plainText, "1", told)).toEqual(["✅ Сообщение 'Hello, World!' отправлено!"]);
    expect(tell(plainText, "2", told)).toEqual(["📩 Новое сообщение от 1: Hello, World!"]);
  });

  it("tells the author, of every message, that all have read it", () => {
    const told = fullyRead([messageId(1), messageId(3)], { members: 3 });
    expect(tell(plainText, "1", told)).toEqual([
      `✅ Ваше сообщение ${messageId(1)} полностью прочитано!`,
      `✅ Ваше сообщение ${messageId(3)} полностью прочитано!`,
    ]);
    expect(tell(plainText, "2", told)).toEqual([]);
  });

  it("says less in a chat of two", () => {
    expect(tell(plainText, "1", fullyRead([messageId(1)], { members: 2 }))).toEqual([
      `✅ Ваше сообщение ${messageId(1)} прочитано!`,
    ]);
  });

  it.each([
    ["that one of several has read", read({ user_id: "2" }, "1")],
    ["the older ones of many that were read at once", fullyRead([messageId(1)], { members: 3, more: true })],
    ["a message that was taken back meanwhile", newMessage({ text: "", deleted: true })],
    ["an edit", { ...newMessage({ text: "changed" }), kind: "message_updated" as const }],
  ])("has no word for %s", (_what, told) => {
    expect(tell(plainText, "1", told)).toEqual([]);
  });

  it.each([
    ["Hello, World!", "Hello, World!"],
    ['"Hello, World!"', "Hello, World!"],
    ['"при\\u0432ет"', "привет"],
    ['"unfinished', '"unfinished'],
    ["7", "7"],
    ["[1]", "[1]"],
    ['{"a":1}', '{"a":1}'],
    ['{"text":"in an object"}', "in an object"],
  ])("sends %s", (sent, text) => {
    expect(incoming(plainText, sent)).toEqual(sending(text));
  });

  it("takes a client's own number for a message", () => {
    expect(incoming(plainText, { text: "x", client_message_id: "c-1" })).toEqual(sending("x", "c-1"));
  });

  it.each(["", '""', { text: "" }, "a\0", '"\\ud83d"', "x".repeat(16_385), { text: "x", client_message_id: "a b" }])(
    "refuses %j",
    (sent) => {
      expect(incoming(plainText, sent)).toMatchObject({ kind: "refused", rejection: { code: "validation_failed" } });
    },
  );

  it("tells the sending device that it was sent before", () => {
    const sent = { type: "MessageSent", message: message() } as const;
    expect(plainText.done(null, { ...sent, repeated: true })).toBe("⚠️ Сообщение уже отправлено");
    expect(plainText.done(null, { ...sent, repeated: false })).toBeNull();
  });

  it("says in words why a message was not sent, whatever the reason", () => {
    for (const code of Object.keys(rejectionKinds) as RejectionCode[]) {
      const said = plainText.refused(null, problemOf(new Rejection(code, "The reason.")));
      expect(said).toMatch(/^⚠️ Сообщение не отправлено: ./);
    }
  });
});
