import type pg from "pg";
import { composeServices, type Service } from "../lifecycle.ts";
import { createPool } from "../postgres/connect.ts";
import { createNotifyWakeup } from "../postgres/notify-wakeup.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Wakeup } from "../wakeup.ts";
import { createRevokedSessionList, rememberForSeconds, type RevokedSessions } from "./revoked-sessions.ts";

/** A NOTIFY may be lost; half a second later a look finds what it spoke of, so a second is kept either way. */
const LOOK_EVERY_MS = 500;

/** A look is two index ranges. One that hangs is given up together with its connection, so that the next can find the database back. */
const LOOK_WITHIN_MS = 2_000;

export interface RevokedSessionsFeed extends RevokedSessions, Service {}

export interface FollowOptions {
  readonly databaseUrl: string;
  readonly tokenLifetimeSeconds: number;
  readonly logger: Logger;
}

/**
 * Follows `directory.revoked_sessions`, with SELECT on it and no other right, on a connection of its own: it never queues up
 * behind requests. `changed` says that there is something new.
 *
 * It starts with everything that a valid access token could still name, or does not start. While the database cannot be
 * reached the list stays what it was: what ended before is refused, what ends meanwhile is found when it is back.
 */
export function followRevokedSessions(options: FollowOptions & { readonly changed: Wakeup }): RevokedSessionsFeed {
  const { databaseUrl, tokenLifetimeSeconds, changed, logger: log } = options;
  const list = createRevokedSessionList({ tokenLifetimeSeconds });
  const look = createLook(rememberForSeconds(tokenLifetimeSeconds));
  const stopping = new AbortController();
  let pool: pg.Pool | undefined;
  let following: Promise<void> | undefined;
  let lost = false;

  async function follow(connections: pg.Pool): Promise<void> {
    while (!stopping.signal.aborted) {
      // Asked before the look: what is announced while it is under way is not slept over.
      const next = changed.next(LOOK_EVERY_MS, stopping.signal);
      try {
        list.announce(await look(connections));
        if (lost) log.info("revoked sessions are followed again");
        lost = false;
      } catch (error) {
        if (!lost) log.warn({ err: error }, "revoked sessions cannot be read; the last known ones stay refused");
        lost = true;
      }
      await next;
    }
  }

  return {
    name: "revoked sessions",
    has: list.has,
    onRevoked: list.onRevoked,

    announce(sessionIds) {
      list.announce(sessionIds);
      changed.wake();
    },

    async start() {
      const name = "revoked sessions";
      pool = createPool({ url: databaseUrl, name, max: 1, log });
      list.announce(await look(pool));
      following = follow(pool);
    },

    async stop() {
      stopping.abort();
      await following;
      if (pool?.ending === false) await pool.end();
    },
  };
}

/** The same for a service that runs alone: it hears of others through `NOTIFY`. */
export function followRevokedSessionsOfOthers(options: FollowOptions): RevokedSessionsFeed {
  const changed = createNotifyWakeup({ url: options.databaseUrl, channel: "chat_sessions", log: options.logger });
  const feed = followRevokedSessions({ ...options, changed });
  return { ...feed, ...composeServices(feed.name, [changed, feed]) };
}

interface Look {
  readonly session_ids: readonly string[];
  readonly settled_below: string;
  readonly looked_at: string;
}

/** Where nothing has been seen yet: what ended within the time that counts is new then. */
const nothingSeen = { settledBelow: "0", lookedAt: null };

/**
 * Gives what is new since the look before. A time of revocation says nothing about when its commit became visible, so
 * revocations are read by their transaction: all below a snapshot's xmin are over and were seen, the rest is read again.
 */
function createLook(windowSeconds: number): (pool: pg.Pool) => Promise<readonly string[]> {
  let seen: { readonly settledBelow: string; readonly lookedAt: string | null } = nothingSeen;

  return async (pool) => {
    const { settledBelow, lookedAt } = seen;
    const statement = {
      name: "revoked-sessions",
      text: `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS settled_below, now()::text AS looked_at, ARRAY (
          SELECT session_id FROM directory.revoked_sessions
            WHERE revoked_in >= $1::xid8 AND revoked_at > now() - make_interval(secs => $3)
          UNION ALL
          SELECT session_id FROM directory.revoked_sessions
            WHERE expires_at <= now() AND expires_at > coalesce($2::timestamptz, now() - make_interval(secs => $3))
        )::text[] AS session_ids`,
      values: [settledBelow, lookedAt, windowSeconds],
      // On this side of the network; the server's own bound is of no use when its answers do not arrive.
      query_timeout: LOOK_WITHIN_MS,
    };
    const { rows } = await pool.query<Look>(statement);
    const [row] = rows;
    if (row === undefined) throw new Error("no row about revoked sessions");
    // A database that was restored counts anew; then everything is read again.
    const wentBack = BigInt(row.settled_below) < BigInt(settledBelow);
    seen = wentBack ? nothingSeen : { settledBelow: row.settled_below, lookedAt: row.looked_at };
    return row.session_ids;
  };
}
