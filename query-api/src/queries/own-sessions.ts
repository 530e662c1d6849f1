import type { Pool } from "pg";

export interface OwnSessionRow {
  readonly id: string;
  readonly device: string | null;
  readonly created_at: Date;
  readonly expires_at: Date;
}

/** The living sessions of a user, newest first. Rows of the command-api, seen through a view, and true as soon as it has answered. */
export type OwnSessions = (userId: string, limit: number) => Promise<readonly OwnSessionRow[]>;

export function createOwnSessions(pool: Pick<Pool, "query">): OwnSessions {
  return async (userId, limit) => {
    const { rows } = await pool.query<OwnSessionRow>({
      name: "own-sessions",
      text: `SELECT id::text, device, created_at, expires_at FROM directory.own_sessions
        WHERE user_id = $1::bigint ORDER BY created_at DESC, id DESC LIMIT $2::int`,
      values: [userId, limit],
    });
    return rows;
  };
}
