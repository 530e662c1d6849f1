import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Static, TObject } from "typebox";
import { Rejection } from "../rejection.ts";
import type { rateSettings } from "../settings.ts";

/** What is counted apart: reading, changing, and what needs no account yet (an address can make as many as it likes). */
export type CallKind = "read" | "command" | "account";

/** Calls a minute; 0 is no limit. */
export type CallsAMinute = Readonly<Record<CallKind, number>>;

const WINDOW_SECONDS = 60;
const MS = 1_000;

export interface RateLimits {
  /**
   * Counts one call of `who` (a user, or an address where nobody is known yet) and says what the answer's headers tell:
   * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers). Rejects with too_many_requests, with the
   * seconds until the window ends.
   */
  take(kind: CallKind, who: string, tell: (headers: Readonly<Record<string, string>>) => void): Promise<void>;
}

/**
 * Limits of this instance, in memory: with n instances a caller may get n times as much. They keep one caller from
 * taking what the others need; they are no accounting. What is remembered is one counter for each caller of the last minute.
 */
export function createRateLimits(callsAMinute: CallsAMinute): RateLimits {
  const limiters = new Map<CallKind, RateLimiterMemory>();
  for (const kind of ["read", "command", "account"] as const) {
    const points = callsAMinute[kind];
    if (points > 0) limiters.set(kind, new RateLimiterMemory({ keyPrefix: kind, points, duration: WINDOW_SECONDS }));
  }

  return {
    async take(kind, who, tell) {
      const limiter = limiters.get(kind);
      if (limiter === undefined) return;
      const { left, taken } = await count(limiter, who);
      const resetSeconds = Math.max(1, Math.ceil(left.msBeforeNext / MS));
      tell({
        "RateLimit-Policy": `"${kind}";q=${String(limiter.points)};w=${String(WINDOW_SECONDS)}`,
        RateLimit: `"${kind}";r=${String(left.remainingPoints)};t=${String(resetSeconds)}`,
      });
      if (!taken) throw tooMany(resetSeconds);
    },
  };
}

/** How much each caller may ask, and how a caller without a token is told from others. */
export interface Limiting {
  readonly limits: RateLimits;
  /** A gateway in front overwrites `X-Forwarded-For`. */
  readonly behindProxy: boolean;
}

/** What HTTP needs to limit its callers, from the settings of a service. */
export function limitingOf(settings: Static<TObject<typeof rateSettings>>): Limiting {
  const { RATE_LIMIT_READS: read, RATE_LIMIT_COMMANDS: command, RATE_LIMIT_ACCOUNTS: account } = settings;
  return { limits: createRateLimits({ read, command, account }), behindProxy: settings.TRUST_PROXY };
}

/** The library throws the very thing that it returns otherwise. */
async function count(limiter: RateLimiterMemory, who: string): Promise<{ left: RateLimiterRes; taken: boolean }> {
  try {
    return { left: await limiter.consume(who), taken: true };
  } catch (error) {
    if (error instanceof RateLimiterRes) return { left: error, taken: false };
    throw error;
  }
}

function tooMany(retryAfterSeconds: number): Rejection {
  const detail = `That were too many calls within a minute: go on in ${String(retryAfterSeconds)} s.`;
  return new Rejection("too_many_requests", detail, { retryAfterSeconds });
}
