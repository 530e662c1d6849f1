import { beforeEach, describe, expect, it } from "@jest/globals";
import type { UserId } from "../ids.ts";
import { createAccessTokens } from "./access-token.ts";
import { hashOfOpaqueToken, isOpaqueToken, newOpaqueToken } from "./opaque-token.ts";
import {
  createRevokedSessionList,
  refuseRevoked,
  rememberForSeconds,
  type RevokedSessions,
} from "./revoked-sessions.ts";

const tokenLifetimeSeconds = 60;
let now: number;
let revoked: RevokedSessions;

beforeEach(() => {
  now = 0;
  revoked = createRevokedSessionList({ tokenLifetimeSeconds, now: () => now });
});

describe("the list of revoked sessions", () => {
  it("knows what was announced, and nothing else", () => {
    revoked.announce(["a", "b"]);

    expect(["a", "b", "c"].map(revoked.has)).toEqual([true, true, false]);
  });

  it("tells each of its listeners once, before it returns, until they have had enough", () => {
    const told: string[] = [];
    const stop = revoked.onRevoked((sessionId) => told.push(`one ${sessionId}`));
    revoked.onRevoked((sessionId) => told.push(`other ${sessionId}`));
    revoked.announce(["a"]);
    revoked.announce(["a", "b"]);
    stop();
    revoked.announce(["c"]);

    expect(told).toEqual(["one a", "other a", "one b", "other b", "other c"]);
  });

  it("knows a session already when it tells of it", () => {
    const known: boolean[] = [];
    revoked.onRevoked((sessionId) => known.push(revoked.has(sessionId)));
    revoked.announce(["a"]);

    expect(known).toEqual([true]);
  });

  it("forgets a session when no access token of it can be valid any more, and not before", () => {
    revoked.announce(["a"]);
    now = rememberForSeconds(tokenLifetimeSeconds) * 1_000 - 1;
    revoked.announce([]);
    expect(revoked.has("a")).toBe(true);

    now += 1;
    revoked.announce([]);
    expect(revoked.has("a")).toBe(false);
    expect(rememberForSeconds(tokenLifetimeSeconds)).toBeGreaterThan(tokenLifetimeSeconds);
  });
});

describe("an access token of a session that has ended", () => {
  it("is refused, though it was verified before; others are not", () => {
    const secret = "a secret of more than thirty-two bytes";
    const tokens = refuseRevoked(createAccessTokens({ secret, lifetimeSeconds: tokenLifetimeSeconds }), revoked);
    const [ended, alive] = ["a", "b"].map((sessionId) => tokens.sign({ userId: "7" as UserId, sessionId }));
    expect(tokens.verify(ended ?? "")).toMatchObject({ sessionId: "a" });
    revoked.announce(["a"]);

    expect(() => tokens.verify(ended ?? "")).toThrow(expect.objectContaining({ code: "unauthenticated" }));
    expect(tokens.verify(alive ?? "")).toMatchObject({ sessionId: "b" });
  });
});

describe("an opaque token", () => {
  it("is another one each time, looks like one, and is kept as 32 bytes", () => {
    const tokens = Array.from({ length: 100 }, newOpaqueToken);

    expect(new Set(tokens).size).toBe(100);
    for (const token of tokens) {
      expect(isOpaqueToken(token)).toBe(true);
      expect(hashOfOpaqueToken(token)).toHaveLength(32);
    }
  });

  it.each(["", "x", "x".repeat(42), "x".repeat(44), `${"x".repeat(42)}=`, `${"x".repeat(43)}\n`])(
    "is not %j",
    (text) => {
      expect(isOpaqueToken(text)).toBe(false);
    },
  );
});
