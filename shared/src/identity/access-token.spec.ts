import { createHmac } from "node:crypto";
import { beforeEach, describe, expect, it } from "@jest/globals";
import jwt from "jsonwebtoken";
import type { UserId } from "../ids.ts";
import { Rejection } from "../rejection.ts";
import { type AccessTokens, createAccessTokens } from "./access-token.ts";

const secret = "a secret of more than thirty-two bytes";
const owner = { userId: "7" as UserId, sessionId: "0190d0c0-0000-7000-8000-000000000001" };

let now: number;
let tokens: AccessTokens;

beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
  tokens = createAccessTokens({ secret, lifetimeSeconds: 60, now: () => now });
});

describe("an access token", () => {
  it("names its user and session until it runs out", () => {
    const token = tokens.sign(owner);

    expect(tokens.verify(token)).toEqual({ ...owner, expiresAt: now + 60_000 });
    now += 59_000;
    expect(tokens.verify(token)).toMatchObject(owner);
  });

  it.each([false, true])("is refused once it has run out, verified before: %j", (before) => {
    const token = tokens.sign(owner);
    if (before) tokens.verify(token);
    now += 60_000;

    expect(codeOf(() => tokens.verify(token))).toBe("token_expired");
    expect(codeOf(() => tokens.verify(token))).toBe("token_expired");
  });

  it("needs a secret of at least 32 bytes", () => {
    expect(() => createAccessTokens({ secret: "x".repeat(31), lifetimeSeconds: 60 })).toThrow(RangeError);
  });
});

describe("no access token", () => {
  const claims = () => ({ iss: "chat", aud: "chat-api", sub: "7", sid: "s", iat: now / 1_000, exp: now / 1_000 + 60 });
  const forge = (changes: object, header: object = {}, key = secret): string =>
    jwt.sign({ ...claims(), ...changes }, key, { header: { alg: "HS256", typ: "at+jwt", ...header } });
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");

  it("is refused for what the forger changed, not for being forged well", () => {
    expect(tokens.verify(forge({}))).toMatchObject({ userId: "7" });
  });

  const forged: [string, () => string][] = [
    ["nothing", () => ""],
    ["garbage", () => "garbage"],
    ["three dots", () => "..."],
    ["parts that are no JSON", () => "YQ.YQ.YQ"],
    ["one with NUL in it", () => `${forge({})}\0`],
    ["one of a megabyte", () => forge({ padding: "x".repeat(1_000_000) })],
    ["one without a signature", () => `${encode({ alg: "none", typ: "at+jwt" })}.${encode(claims())}.`],
    ["one that says none and is signed", () => signed({ alg: "none", typ: "at+jwt" })],
    ["one of another algorithm", () => forge({}, { alg: "HS512" })],
    ["one of another key", () => forge({}, {}, "another secret of more than 32 bytes")],
    ["one whose claims were changed", () => changed(tokens.sign(owner))],
    ["one of another type", () => forge({}, { typ: "JWT" })],
    ["one of another issuer", () => forge({ iss: "other" })],
    ["one for another audience", () => forge({ aud: "other" })],
    ["one that names no user", () => forge({ sub: "admin" })],
    ["one without a session", () => forge({ sid: undefined })],
    ["one that never runs out", () => signed({ alg: "HS256", typ: "at+jwt" }, endless())],
    ["one that is not valid yet", () => forge({ nbf: now / 1_000 + 30 })],
  ];

  it.each(forged)("is %s", (_what, token) => {
    expect(codeOf(() => tokens.verify(token()))).toBe("unauthenticated");
  });

  it("is one of ours after its last character was changed, even if the original is remembered", () => {
    const token = tokens.sign(owner);
    tokens.verify(token);

    expect(codeOf(() => tokens.verify(`${token.slice(0, -2)}AA`))).toBe("unauthenticated");
  });

  function endless(): object {
    const { exp: _exp, ...rest } = claims();
    return rest;
  }

  function signed(header: object, payload: object = claims()): string {
    const text = `${encode(header)}.${encode(payload)}`;
    return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
  }

  function changed(token: string): string {
    const [header, , signature] = token.split(".");
    return [header, encode({ ...claims(), sub: "8" }), signature].join(".");
  }
});

function codeOf(act: () => unknown): string {
  try {
    act();
    return "accepted";
  } catch (error) {
    if (error instanceof Rejection) return error.code;
    throw error;
  }
}
