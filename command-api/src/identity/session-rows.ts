import type { UserId } from "@chat/shared/ids";
import type { Knex } from "knex";

export interface NewSession {
  readonly id: string;
  readonly device: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** Of its first refresh token. */
  readonly refreshTokenHash: Buffer;
}

/** Sessions that are over stay for this long after they would have run out, so that everybody has heard of it; then they go. */
const KEEP_ENDED_DAYS = 30;

/** Opens a session; of the same user's, those that ended long ago are cleared away. */
export async function insertSession(transaction: Knex.Transaction, userId: UserId, session: NewSession): Promise<void> {
  const { id, device, createdAt, expiresAt, refreshTokenHash } = session;
  await transaction.raw(
    `WITH opened AS (
       INSERT INTO identity.sessions (id, user_id, device, created_at, expires_at) VALUES (?, ?, ?, ?, ?)
     ), cleared AS (
       DELETE FROM identity.sessions WHERE user_id = ? AND expires_at < now() - make_interval(days => ?)
     )
     INSERT INTO identity.refresh_tokens (token_hash, session_id, generation) VALUES (?, ?, 1)`,
    [id, userId, device, createdAt, expiresAt, userId, KEEP_ENDED_DAYS, refreshTokenHash, id],
  );
}

export interface EndingSessions {
  readonly userId: UserId;
  /** This one, or all but this one, or all. */
  readonly only?: string;
  readonly except?: string;
}

/** Ends sessions and says which ones were alive until now. Their refresh tokens and tickets are gone with them. */
export async function endSessions(db: Knex, { userId, only, except }: EndingSessions): Promise<readonly string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `WITH ended AS (
       UPDATE identity.sessions SET revoked_at = now(), revoked_in = pg_current_xact_id()
       WHERE user_id = ? AND revoked_in IS NULL AND expires_at > now()
         AND id = coalesce(?::uuid, id) AND id IS DISTINCT FROM ?::uuid
       RETURNING id
     ), tokens AS (
       DELETE FROM identity.refresh_tokens USING ended WHERE session_id = ended.id
     ), tickets AS (
       DELETE FROM identity.ws_tickets USING ended WHERE session_id = ended.id
     )
     SELECT id::text FROM ended`,
    [userId, only ?? null, except ?? null],
  );
  return rows.map(({ id }) => id);
}
