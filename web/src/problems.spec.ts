import { describe, expect, it } from "@jest/globals";
import { SendFrame } from "@chat/shared/api/frames-from-clients";
import { refuseUnstorableText } from "@chat/shared/http/parse-json";
import { problemOf } from "@chat/shared/http/problem";
import { compileBody } from "@chat/shared/http/validate";
import { Rejection } from "@chat/shared/rejection";
import { wordsOfNotSignedIn, wordsOfProblem } from "./problems.ts";
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

describe("what somebody is told who is not signed in", () => {
  const wrong = (field: string) => ({
    problem: problemOf(
      new Rejection("validation_failed", "?", { errors: [{ in: "body", pointer: `/${field}`, detail: "?" }] }),
    ),
    retryAfterSeconds: 0,
  });

  it.each(["email", "name", "password"] as const)("is which field of a new account is wrong: %s", (field) => {
    expect(wordsOfNotSignedIn(wrong(field), true, words)).toBe(words.wrongFields[field]);
  });

  it("is that its content is wrong where the page has no word for the field", () => {
    expect(wordsOfNotSignedIn(wrong("city"), true, words)).toBe(words.wrongContent);
  });

  it("is nothing of the kind where an account is tried", () => {
    expect(wordsOfNotSignedIn(wrong("email"), false, words)).toBe(words.wrongCredentials);
  });

  it("is when to try again where it was too often, in minutes that are not too few", () => {
    const problem = problemOf(new Rejection("too_many_requests", "?"));
    const told = (retryAfterSeconds: number) => wordsOfNotSignedIn({ problem, retryAfterSeconds }, false, words);
    expect([told(900), told(61), told(1), told(0)]).toEqual([15, 2, 1, 1].map((minutes) => words.tooMany(minutes)));
  });
});
