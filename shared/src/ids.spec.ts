import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  type UserId,
  chatIdPattern,
  formatMessageId,
  groupChatId,
  isChatId,
  isUserId,
  messageIdPattern,
  newChatId,
  newElectionId,
  newEventId,
  parseMessageId,
  privateChatId,
} from "./ids.ts";

const user = (text: string): UserId => {
  if (!isUserId(text)) throw new Error(`no user id: ${text}`);
  return text;
};
const chat = "0197a5b0-3c1e-7d42-9b1f-5a6c7d8e9f01";
const anyUser = fc.bigInt({ min: 1n, max: 999_999_999_999_999_999n }).map((number) => user(String(number)));
const seq = fc.integer({ min: 1, max: 999_999_999 });

describe("a user id", () => {
  it.each(["1", "7", "42", "999999999999999999"])("is a decimal number: %s", (text) => {
    expect(isUserId(text)).toBe(true);
  });

  it.each(["", "0", "007", "-1", "1.5", "1e3", " 7", "7\n", "٧", "abc", "9999999999999999999"])(
    "is never %j",
    (text) => {
      expect(isUserId(text)).toBe(false);
    },
  );
});

describe("a chat id", () => {
  it("is a UUID of version 7, or 5 when it was derived", () => {
    expect(isChatId(newChatId())).toBe(true);
    expect(isChatId(privateChatId(user("7"), user("10")))).toBe(true);
    expect(isChatId(chat)).toBe(true);
  });

  it.each([chat.toUpperCase(), chat.replace("-7", "-4"), chat.slice(1), `${chat}\n`, `{${chat}}`, ""])(
    "is never %j",
    (text) => {
      expect(isChatId(text)).toBe(false);
    },
  );

  it("of a private chat is the same from either side, and for ever", () => {
    expect(privateChatId(user("7"), user("10"))).toBe("533878cd-227d-57e1-9431-aba9c26a6638");
    fc.assert(
      fc.property(anyUser, anyUser, (one, other) => {
        expect(privateChatId(one, other)).toBe(privateChatId(other, one));
      }),
    );
  });

  it("of a private chat is another one for another pair", () => {
    const users = ["1", "2", "3", "12", "13", "23", "123"].map(user);
    const pairs = users.flatMap((one, index) => users.slice(index).map((other) => privateChatId(one, other)));
    expect(new Set(pairs).size).toBe(pairs.length);
  });

  it("of a group that was created with a key is that creator's for that key, for ever", () => {
    expect(groupChatId(user("7"), "key-1")).toBe("c6f4715c-b567-5a0e-b452-1e2f111d4ace");
    expect(groupChatId(user("7"), "key-2")).not.toBe(groupChatId(user("7"), "key-1"));
    expect(groupChatId(user("8"), "key-1")).not.toBe(groupChatId(user("7"), "key-1"));
  });

  it("of a new group is in the order of time", () => {
    const ids = Array.from({ length: 100 }, newChatId);
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(100);
  });
});

describe("a message id", () => {
  it("says where the message lives", () => {
    expect(formatMessageId(chat, 7)).toBe(`${chat}.7`);
    fc.assert(
      fc.property(seq, (number) => {
        const text = formatMessageId(chat, number);
        expect(parseMessageId(text)).toEqual({ chatId: chat, seq: number });
        expect(new RegExp(messageIdPattern).test(text)).toBe(true);
      }),
    );
  });

  it.each([
    "",
    ".",
    chat,
    `${chat}.`,
    `${chat}.0`,
    `${chat}.01`,
    `${chat}.-1`,
    `${chat}.1.1`,
    `${chat}.1234567890`,
    "7.1",
  ])("is never %j", (text) => {
    expect(parseMessageId(text)).toBeNull();
    expect(new RegExp(messageIdPattern).test(text)).toBe(false);
  });

  it("is told by its pattern and its parser alike", () => {
    const pattern = new RegExp(messageIdPattern);
    const almost = fc.stringMatching(new RegExp(`${chatIdPattern.slice(0, -1)}[.]?[0-9.-]{0,10}$`));
    fc.assert(
      fc.property(fc.oneof(almost, fc.string()), (text) => {
        expect(parseMessageId(text) !== null).toBe(pattern.test(text));
      }),
    );
  });
});

describe("ids by chance", () => {
  it("differ each time", () => {
    expect(new Set(Array.from({ length: 1000 }, newEventId)).size).toBe(1000);
    expect(new Set(Array.from({ length: 1000 }, newElectionId)).size).toBe(1000);
  });

  it("of an Election are 12 characters that need no escape", () => {
    expect(newElectionId()).toMatch(/^[\w-]{12}$/);
  });
});
