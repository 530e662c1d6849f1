import { createHmac, randomBytes } from "node:crypto";
import { isUserId, type UserId } from "@chat/shared/ids";
import { hashOfOpaqueToken, isOpaqueToken, OPAQUE_TOKEN_BYTES } from "@chat/shared/identity/opaque-token";
import type { Knex } from "knex";
import { endSessions } from "./session-rows.ts";

/** For a device whose answer was lost: a client gives up after some ten seconds and tries again some times. */
export const GRACE_SECONDS = 60;

/** Spent tokens that are still known as such. One from longer ago is refused like any unknown text, and ends nothing. */
const SPENT_KEPT = 1_000;

/** What became of a refresh token that was presented. `spent`: it was used before, and its session has ended for that. */
export type Rotation =
  | { readonly outcome: "rotated"; readonly userId: UserId; readonly sessionId: string; readonly refreshToken: string }
  | { readonly outcome: "spent"; readonly userId: UserId; readonly sessionId: string }
  | { readonly outcome: "unknown" };

export interface RefreshTokens {
  /** `device`: what it calls itself. Whoever spent the token is known by it when he comes again. */
  rotate(token: string, device: string | null): Promise<Rotation>;
}

interface SessionRow {
  readonly id: string;
  readonly user_id: string;
}

interface TokenRow {
  readonly generation: number;
  readonly successor_salt: Buffer | null;
  /** It was spent within the grace, by the device that comes with it now, and its successor was not spent. */
  readonly just_spent: boolean;
}

/**
 * The chain of refresh tokens of each session (`docs/decisions/0006-sessions-and-refresh-tokens.md`). All that happens to one chain happens under the lock
 * of its session, so of any number of refreshes at one moment the first rotates and the others find the token just spent.
 */
export function createRefreshTokens(db: Knex): RefreshTokens {
  return {
    async rotate(token, device) {
      if (!isOpaqueToken(token)) return { outcome: "unknown" };
      const hash = hashOfOpaqueToken(token);
      return db.transaction(async (transaction) => {
        const session = await lockSession(transaction, hash);
        const presented = session && (await find(transaction, hash, device));
        if (session === undefined || presented === undefined) return { outcome: "unknown" };
        const { id: sessionId, user_id: userId } = session;
        if (!isUserId(userId)) throw new Error(`the database gave ${userId} for a user id`);
        const { generation, successor_salt: salt, just_spent: justSpent } = presented;
        if (salt === null) {
          const refreshToken = await spend(transaction, { token, hash, device, sessionId, generation });
          return { outcome: "rotated", userId, sessionId, refreshToken };
        }
        if (justSpent) {
          return { outcome: "rotated", userId, sessionId, refreshToken: successorOf(token, salt) };
        }
        await endSessions(transaction, { userId, only: sessionId });
        return { outcome: "spent", userId, sessionId };
      });
    },
  };
}

/**
 * Random, since the salt is, and made again from nothing but the token and the salt. Whoever has read the database lacks
 * the token, whoever has seen the token lacks the salt.
 */
function successorOf(token: string, salt: Buffer): string {
  return createHmac("sha256", token).update(salt).digest("base64url");
}

/** Undefined for a token that is not known, and for one whose session is over. */
async function lockSession(transaction: Knex.Transaction, tokenHash: Buffer): Promise<SessionRow | undefined> {
  const { rows } = await transaction.raw<{ rows: SessionRow[] }>(
    `SELECT id::text, user_id::text FROM identity.sessions
     WHERE id = (SELECT session_id FROM identity.refresh_tokens WHERE token_hash = ?)
       AND revoked_in IS NULL AND expires_at > now()
     FOR UPDATE`,
    [tokenHash],
  );
  return rows[0];
}

/** Under the lock: as it is now, not as it was when the lock was asked for. */
async function find(
  transaction: Knex.Transaction,
  tokenHash: Buffer,
  device: string | null,
): Promise<TokenRow | undefined> {
  const { rows } = await transaction.raw<{ rows: TokenRow[] }>(
    `SELECT token.generation, token.successor_salt,
       coalesce(token.spent_at > now() - make_interval(secs => ?), false)
         AND token.spent_by IS NOT DISTINCT FROM ? AND successor.spent_at IS NULL AS just_spent
     FROM identity.refresh_tokens AS token
     LEFT JOIN identity.refresh_tokens AS successor
       ON successor.session_id = token.session_id AND successor.generation = token.generation + 1
     WHERE token.token_hash = ?`,
    [GRACE_SECONDS, device, tokenHash],
  );
  return rows[0];
}

interface Spending {
  readonly token: string;
  readonly hash: Buffer;
  readonly device: string | null;
  readonly sessionId: string;
  readonly generation: number;
}

async function spend(transaction: Knex.Transaction, spending: Spending): Promise<string> {
  const { token, hash, device, sessionId, generation } = spending;
  const salt = randomBytes(OPAQUE_TOKEN_BYTES);
  const successor = successorOf(token, salt);
  const tokens = (): Knex.QueryBuilder => transaction("identity.refresh_tokens");
  await tokens()
    .where({ token_hash: hash })
    .update({ spent_at: transaction.fn.now(), spent_by: device, successor_salt: salt });
  const tokenHash = hashOfOpaqueToken(successor);
  await tokens().insert({ token_hash: tokenHash, session_id: sessionId, generation: generation + 1 });
  await tokens()
    .where({ session_id: sessionId })
    .andWhere("generation", "<=", generation - SPENT_KEPT)
    .delete();
  return successor;
}
