import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { messageObject } from "@chat/shared/api/message-object";
import { anyText } from "@chat/shared/testing/any-text";
import { isMessage, messageJson } from "./message-json.ts";

const chatId = "0197a3c0-0000-7000-8000-000000000001";
const time = fc.date({ noInvalidDate: true, min: new Date(0) }).map((date) => date.toISOString());
const text = fc.oneof(anyText(), fc.constantFrom('"', "\\", "\u2028", "Привет, 👋"));
const file = fc.record({
  number: fc.integer({ min: 1, max: 10 }),
  name: text,
  type: fc.constant("text/plain"),
  size: fc.nat(),
  version: fc.nat(),
});
const message = fc
  .record({
    seq: fc.integer({ min: 1 }),
    senderId: fc.nat().map(String),
    text,
    clientMessageId: fc.option(text),
    replyTo: fc.option(fc.integer({ min: 1 })),
    sentAt: time,
    editedAt: fc.option(time),
    deleted: fc.boolean(),
    fullyRead: fc.boolean(),
    readCount: fc.nat(),
    files: fc.array(file, { maxLength: 2 }),
  })
  .map((parts) => messageObject({ chatId, ...parts }));

it("a message is written as JSON.stringify writes it", () => {
  fc.assert(
    fc.property(message, (one) => {
      expect(messageJson(one)).toBe(JSON.stringify(one));
    }),
  );
});

it("nothing else is taken for a message", () => {
  expect(isMessage({ user_id: "1", by: "2" })).toBe(false);
  expect(isMessage({})).toBe(false);
});
