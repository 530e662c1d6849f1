import { createSecretKey } from "node:crypto";
import jwt from "jsonwebtoken";
import { LRUCache } from "lru-cache";
import { isUserId, type UserId } from "../ids.ts";
import { Rejection } from "../rejection.ts";

/** HS256 is as strong as its key; RFC 7518 asks for at least the size of the hash. */
export const MIN_SECRET_BYTES = 32;

const ISSUER = "chat";
const AUDIENCE = "chat-api";
/** RFC 9068: a token of another kind, signed with the same key, is no access token. */
const TYPE = "at+jwt";

/** Ours have about 300 characters. Nothing much longer is worth parsing. */
const MAX_TOKEN_CHARACTERS = 2_048;

/** A verification costs some 14 µs, a look-up a hundredth of that. About 1 KiB each: at most 20 MiB, for the callers of half an hour. */
const MAX_CACHED_TOKENS = 20_000;

/** Who asks. */
export interface Caller {
  readonly userId: UserId;
  readonly sessionId: string;
  /** Epoch milliseconds. A socket outlives it: it lives as long as the session. */
  readonly expiresAt: number;
}

export interface AccessTokens {
  readonly lifetimeSeconds: number;
  sign(owner: Pick<Caller, "userId" | "sessionId">): string;
  /** Throws a Rejection: token_expired for one of ours that has run out, unauthenticated for all else. */
  verify(token: string): Caller;
}

export interface AccessTokensOptions {
  /** At least 32 bytes, in UTF-8. */
  readonly secret: string;
  readonly lifetimeSeconds: number;
  /** Epoch milliseconds; the wall clock when absent. */
  readonly now?: () => number;
}

/** JWTs, HS256. The key is made once (`jsonwebtoken` given a string makes it for every call), and what was verified is remembered until it runs out. */
export function createAccessTokens({ secret, lifetimeSeconds, now = Date.now }: AccessTokensOptions): AccessTokens {
  const bytes = Buffer.from(secret, "utf8");
  if (bytes.length < MIN_SECRET_BYTES) throw new RangeError(`The secret must have at least ${MIN_SECRET_BYTES} bytes.`);
  const key = createSecretKey(bytes);
  const verified = new LRUCache<string, Caller>({ max: MAX_CACHED_TOKENS });

  return {
    lifetimeSeconds,

    sign({ userId, sessionId }) {
      const issuedAt = Math.floor(now() / 1_000);
      const claims = {
        iss: ISSUER,
        aud: AUDIENCE,
        sub: userId,
        sid: sessionId,
        iat: issuedAt,
        exp: issuedAt + lifetimeSeconds,
      };
      return jwt.sign(claims, key, { algorithm: "HS256", header: { alg: "HS256", typ: TYPE } });
    },

    verify(token) {
      const known = verified.get(token);
      if (known !== undefined) {
        if (known.expiresAt > now()) return known;
        verified.delete(token);
        throw expired();
      }
      if (token.length > MAX_TOKEN_CHARACTERS) throw invalid();
      const caller = callerOf(decode(token));
      verified.set(token, caller);
      return caller;
    },
  };

  function decode(token: string): jwt.Jwt {
    try {
      return jwt.verify(token, key, {
        algorithms: ["HS256"],
        issuer: ISSUER,
        audience: AUDIENCE,
        clockTimestamp: Math.floor(now() / 1_000),
        complete: true,
      });
    } catch (error) {
      throw error instanceof jwt.TokenExpiredError ? expired() : invalid();
    }
  }
}

/** The signature has been checked; that it is an access token, whole, has not. */
function callerOf({ header, payload }: jwt.Jwt): Caller {
  if (header.typ !== TYPE || typeof payload === "string") throw invalid();
  // Whatever the type of a payload says, nobody has looked.
  const { sub, exp }: { readonly sub?: unknown; readonly exp?: unknown } = payload;
  const sid: unknown = payload["sid"];
  if (typeof sub !== "string" || !isUserId(sub) || typeof sid !== "string" || typeof exp !== "number") throw invalid();
  return Object.freeze({ userId: sub, sessionId: sid, expiresAt: exp * 1_000 });
}

const invalid = (): Rejection => new Rejection("unauthenticated", "The access token is not valid.");
const expired = (): Rejection => new Rejection("token_expired", "The access token has run out. Log in again.");
