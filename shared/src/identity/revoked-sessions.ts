import { Rejection } from "../rejection.ts";
import type { AccessTokens } from "./access-token.ts";

/** What is added to a token's lifetime: as far as the clocks of two machines may be apart. */
const CLOCKS_APART_SECONDS = 300;

/** How long a session must be remembered as ended: until no access token of it can be valid anywhere. */
export const rememberForSeconds = (tokenLifetimeSeconds: number): number => tokenLifetimeSeconds + CLOCKS_APART_SECONDS;

/** The sessions that have ended lately: logged out, revoked, or run out. Asked in memory, for every request. */
export interface RevokedSessions {
  has(sessionId: string): boolean;
  /** Calls `listener`, synchronously, with every session that turns out to have ended; gives back what takes it off again. */
  onRevoked(listener: (sessionId: string) => void): () => void;
  /** For whoever has ended sessions, after the commit: known here when it returns, and on every other instance within a second. */
  announce(sessionIds: readonly string[]): void;
}

export interface RevokedSessionListOptions {
  readonly tokenLifetimeSeconds: number;
  /** Milliseconds that never go back; the process's own when absent. */
  readonly now?: () => number;
}

/**
 * The list in memory. An entry is forgotten when no access token of its session can be valid any more, so the list is as
 * long as what ended within that time, some 100 bytes each.
 */
export function createRevokedSessionList(options: RevokedSessionListOptions): RevokedSessions {
  const { tokenLifetimeSeconds, now = () => performance.now() } = options;
  const keptMs = rememberForSeconds(tokenLifetimeSeconds) * 1_000;
  /** In the order in which they came to be known, which is the order in which they may be forgotten. */
  const knownSince = new Map<string, number>();
  const listeners = new Set<(sessionId: string) => void>();

  function forgetOld(): void {
    for (const [sessionId, since] of knownSince) {
      if (since + keptMs > now()) return;
      knownSince.delete(sessionId);
    }
  }

  return {
    has: (sessionId) => knownSince.has(sessionId),

    onRevoked(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },

    announce(sessionIds) {
      forgetOld();
      for (const sessionId of sessionIds) {
        if (knownSince.has(sessionId)) continue;
        knownSince.set(sessionId, now());
        for (const listener of listeners) listener(sessionId);
      }
    },
  };
}

/** Access tokens whose session must not have ended: `verify` throws `unauthenticated` for one that has. */
export function refuseRevoked<T extends Pick<AccessTokens, "verify">>(
  tokens: T,
  revoked: Pick<RevokedSessions, "has">,
): T {
  return {
    ...tokens,
    verify(token) {
      const caller = tokens.verify(token);
      if (revoked.has(caller.sessionId)) throw sessionEnded();
      return caller;
    },
  };
}

export const sessionEnded = (): Rejection => new Rejection("unauthenticated", "This session has ended. Log in again.");
