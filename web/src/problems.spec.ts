import { describe, expect, it } from "@jest/globals";
import { SendFrame } from "@chat/shared/api/frames-from-clients";
import { refuseUnstorableText } from "@chat/shared/http/parse-json";
import { problemOf } from "@chat/shared/http/problem";
import { compileBody } from "@chat/shared/http/validate";
import { Rejection } from "@chat/shared/rejection";
import { wordsOfProblem } from "./problems.ts";
import { storableText } from "./storable-text.ts";
import { chooseLanguage } from "./words.ts";

const { words } = chooseLanguage(["ru"]);
const message = { type: "send", chat_id: "0199a1b2-c3d4-7e5f-8a6b-000000000001" };
const check = compileBody(SendFrame, "refuse");

function refusalOf(frame: object) {
  try {
    check(frame);
  } catch (error) {
    if (error instanceof Rejection) return problemOf(error);
    throw error;
  }
  throw new Error("it was taken");
}

describe("what the reader is told of a refusal", () => {
  it("is that a text is too long, by the field that the server names and whatever it says of it", () => {
    const refusal = refusalOf({ ...message, text: "x".repeat(30_000) });
    expect(wordsOfProblem(refusal, words)).toBe(words.tooLong);
    const inOtherWords = {
      ...refusal,
      detail: "?",
      errors: (refusal.errors ?? []).map((error) => ({ ...error, detail: "?" })),
    };
    expect(wordsOfProblem(inOtherWords, words)).toBe(words.tooLong);
  });

  it("is that the content is wrong where another field is, though the server's sentence says how long it may be", () => {
    const refusal = refusalOf({ ...message, text: "fine", id: "x".repeat(1_000) });
    expect(refusal.detail).toMatch(/more than \d+ characters/);
    expect(wordsOfProblem(refusal, words)).toBe(words.wrongContent);
  });
});

describe("a text that this page sends", () => {
  it.each(["\0", "a\0b", "\ud83d", "half \udc00 of one", "a\ud83d\0\udc00b"])(
    "is never refused for what is in it: %j",
    (text) => {
      expect(() => refuseUnstorableText({ text })).toThrow(Rejection);
      expect(() => refuseUnstorableText({ text: storableText(text) })).not.toThrow();
    },
  );

  it("is otherwise what was written", () => {
    expect(storableText("Привет 👋🏽\n\ttabs")).toBe("Привет 👋🏽\n\ttabs");
  });
});
