import { describe, expect, it } from "@jest/globals";
import type { Caller } from "../identity/access-token.ts";
import { isUserId } from "../ids.ts";
import { Rejection } from "../rejection.ts";
import { createAuthenticate } from "./authenticate.ts";

const authenticate = createAuthenticate({
  verify(token): Caller {
    if (!isUserId(token)) throw new Rejection("unauthenticated", "no token of ours");
    return { userId: token, sessionId: "s", expiresAt: 0 };
  },
});

describe("who asks", () => {
  it.each([
    ["the header", "Bearer 7", undefined, "7"],
    ["the header, whatever its case", "bEaReR  7", undefined, "7"],
    ["the query", undefined, "7", "7"],
    ["the header, when both are there", "Bearer 7", "8", "7"],
  ])("is said by %s", (_where, authorization, queryToken, user) => {
    expect(authenticate({ authorization, queryToken }).userId).toBe(user);
  });

  it.each([
    ["nothing", undefined, undefined],
    ["an empty query parameter", undefined, ""],
    ["two query parameters", undefined, ["7", "8"]],
    ["another scheme", "Basic 7", undefined],
    ["a scheme alone", "Bearer", undefined],
    ["two tokens", "Bearer 7 8", undefined],
    ["a wrong header, though the query is right", "Bearer x", "7"],
    ["an empty header, though the query is right", "", "7"],
  ])("is not said by %s", (_where, authorization, queryToken) => {
    expect(() => authenticate({ authorization, queryToken })).toThrow(
      expect.objectContaining({ code: "unauthenticated" }),
    );
  });
});
