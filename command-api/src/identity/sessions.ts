import type { AccessTokens, Caller } from "@chat/shared/identity/access-token";
import { type RevokedSessions, sessionEnded } from "@chat/shared/identity/revoked-sessions";
import { Rejection } from "@chat/shared/rejection";
import type { Logger } from "@chat/shared/telemetry/logger";
import type { Knex } from "knex";
import { createAccounts } from "./accounts.ts";
import { deviceOf, type GrantedTokens } from "./identity.ts";
import type { LoginThrottle } from "./login-throttle.ts";
import type { Passwords } from "./passwords.ts";
import { createRefreshTokens } from "./refresh-tokens.ts";
import { endSessions } from "./session-rows.ts";
import { createWsTickets, TICKET_SECONDS } from "./ws-tickets.ts";

/** Whose session it is. */
type Owner = Pick<Caller, "userId" | "sessionId">;

/** What becomes of a session after it was opened. What ends one is refused here from the answer on, elsewhere within a second. */
export interface Sessions {
  /** Rejects with unauthenticated; a token that was used before ends its session. `device`: the User-Agent. */
  refresh(refreshToken: string, device: string | undefined): Promise<GrantedTokens>;
  logOut(owner: Owner): Promise<void>;
  logOutEverywhere(owner: Owner): Promise<void>;
  /** Rejects with not_found for one that is over or somebody else's. */
  end(owner: Owner, sessionId: string): Promise<void>;
  /** All other sessions end. Rejects with invalid_credentials when `old` is wrong, or too_many_requests. */
  changePassword(
    owner: Owner,
    change: {
      readonly old: string;
      readonly new: string;
      /** Where it comes from: who has got hold of a token may not guess faster than who logs in. */
      readonly address: string;
    },
  ): Promise<void>;
  /** For one handshake. */
  issueTicket(owner: Owner): Promise<{ readonly ticket: string; readonly expiresInSeconds: number }>;
}

export interface SessionsDependencies {
  readonly db: Knex;
  readonly tokens: Pick<AccessTokens, "sign" | "lifetimeSeconds">;
  readonly passwords: Passwords;
  /** The one of logging in: a wrong old password counts as a log-in that failed. */
  readonly throttle: LoginThrottle;
  readonly revoked: Pick<RevokedSessions, "announce">;
  readonly log: Logger;
}

export function createSessions(dependencies: SessionsDependencies): Sessions {
  const { db, tokens, passwords, throttle, revoked, log } = dependencies;
  const accounts = createAccounts(db);
  const refreshTokens = createRefreshTokens(db);
  const tickets = createWsTickets(db);

  return {
    async refresh(refreshToken, device) {
      const rotation = await refreshTokens.rotate(refreshToken, deviceOf(device));
      switch (rotation.outcome) {
        case "rotated":
          return {
            accessToken: tokens.sign(rotation),
            expiresInSeconds: tokens.lifetimeSeconds,
            refreshToken: rotation.refreshToken,
          };
        case "spent": {
          const { userId, sessionId } = rotation;
          log.warn({ userId, sessionId }, "a spent refresh token was used again: its session was ended");
          revoked.announce([sessionId]);
          throw new Rejection(
            "unauthenticated",
            "This refresh token was used before, so its session was ended. Log in again.",
          );
        }
        case "unknown":
          throw new Rejection("unauthenticated", "The refresh token is not valid. Log in again.");
        default:
          return rotation satisfies never;
      }
    },

    async logOut({ userId, sessionId }) {
      revoked.announce(await endSessions(db, { userId, only: sessionId }));
    },

    async logOutEverywhere({ userId }) {
      const ended = await db.transaction(async (transaction) => {
        await accounts.lock(transaction, userId);
        return endSessions(transaction, { userId });
      });
      revoked.announce(ended);
    },

    async end({ userId }, sessionId) {
      const ended = await endSessions(db, { userId, only: sessionId });
      if (ended.length === 0) throw new Rejection("not_found", "There is no such session.");
      revoked.announce(ended);
    },

    async changePassword({ userId, sessionId }, change) {
      const account = await accounts.credentials(userId);
      if (account === null) throw wrongPassword();
      const attempt = { email: account.email, address: change.address };
      await throttle.allow(attempt);
      if (!(await passwords.verify(change.old, account.passwordHash))) {
        await throttle.failed(attempt);
        throw wrongPassword();
      }
      await throttle.succeeded(attempt);
      const after = await passwords.hash(change.new);
      revoked.announce(await replacePassword({ userId, sessionId, before: account.passwordHash, after }));
    },

    async issueTicket({ sessionId }) {
      const ticket = await tickets.issue(sessionId);
      if (ticket === null) throw sessionEnded();
      return { ticket, expiresInSeconds: TICKET_SECONDS };
    },
  };

  interface Replacement extends Owner {
    readonly before: string;
    readonly after: string;
  }

  /** Of two changes at one moment the second knows an old password that is no longer right. */
  function replacePassword({ userId, sessionId, before, after }: Replacement): Promise<readonly string[]> {
    return db.transaction(async (transaction) => {
      const replaced = await accounts.replacePasswordHash(transaction, userId, { before, after });
      if (!replaced) throw wrongPassword();
      return endSessions(transaction, { userId, except: sessionId });
    });
  }
}

const wrongPassword = (): Rejection => new Rejection("invalid_credentials", "The old password is wrong.");
