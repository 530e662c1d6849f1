import { once } from "node:events";
import { followRevokedSessions, followRevokedSessionsOfOthers } from "@chat/shared/identity/follow-revoked-sessions";
import type { RevokedSessionsFeed } from "@chat/shared/identity/follow-revoked-sessions";
import { hashOfOpaqueToken, newOpaqueToken } from "@chat/shared/identity/opaque-token";
import { createClient } from "@chat/shared/postgres/connect";
import { createLogger } from "@chat/shared/telemetry/logger";
import { eventually } from "@chat/shared/testing/eventually";
import { type SpecDatabase, withPostgres } from "@chat/shared/testing/with-postgres";
import { createWakeup } from "@chat/shared/wakeup";
import { describe, expect, it, jest } from "@jest/globals";
import type { Knex } from "knex";
import { v7 } from "uuid";
import { identityMigrations } from "../migrations.ts";
import { createAccounts } from "./accounts.ts";
import { connectAccounts } from "./connect-accounts.ts";
import { endSessions } from "./session-rows.ts";

jest.setTimeout(60_000);

const logger = createLogger({ service: "spec", level: "silent" });
const within = 30_000;

interface Stack extends SpecDatabase {
  readonly db: Knex;
  /** Nobody wakes it unless `changed` is given: it finds what it finds by looking. */
  follow(options?: { url?: string; tokenLifetimeSeconds?: number }): Promise<RevokedSessionsFeed>;
  openSession(expiresAt?: Date): Promise<{ readonly userId: never; readonly sessionId: string }>;
}

function withStack(use: (stack: Stack) => Promise<void>): Promise<void> {
  return withPostgres(
    async ({ url, pool }) => {
      const db = connectAccounts(url, logger);
      const feeds: RevokedSessionsFeed[] = [];
      try {
        await use({
          url,
          pool,
          db,
          async follow(options = {}) {
            const feed = followRevokedSessions({
              databaseUrl: options.url ?? url,
              tokenLifetimeSeconds: options.tokenLifetimeSeconds ?? 1_800,
              changed: createWakeup(),
              logger,
            });
            feeds.push(feed);
            await feed.start();
            return feed;
          },
          async openSession(expiresAt = new Date("2126-01-01T00:00:00Z")) {
            const sessionId = v7();
            const refreshTokenHash = hashOfOpaqueToken(newOpaqueToken());
            const account = { email: `${sessionId}@example.com`, name: "User", city: null, passwordHash: "hash" };
            const session = { id: sessionId, device: null, createdAt: new Date(), expiresAt, refreshTokenHash };
            const made = await createAccounts(db).create(account, session);
            return { userId: made?.userId as never, sessionId };
          },
        });
      } finally {
        for (const feed of feeds) await feed.stop();
        await db.destroy();
      }
    },
    { migrations: [identityMigrations] },
  );
}

describe("following revoked sessions", () => {
  it("finds on every instance what ended on another, woken or not, and keeps what is alive", () =>
    withStack(async ({ db, follow, openSession }) => {
      const feeds = await Promise.all([follow(), follow(), follow()]);
      const [ended, alive] = [await openSession(), await openSession()];
      const told: string[] = [];
      feeds[0]?.onRevoked((sessionId) => told.push(sessionId));
      await endSessions(db, { userId: ended.userId, only: ended.sessionId });

      await eventually(() => expect(feeds.map(({ has }) => has(ended.sessionId))).toEqual([true, true, true]), {
        within,
      });
      expect(feeds.map(({ has }) => has(alive.sessionId))).toEqual([false, false, false]);
      expect(told).toEqual([ended.sessionId]);
    }));

  it("starts with what ended before, as far as a token could still name it", () =>
    withStack(async ({ db, pool, follow, openSession }) => {
      const longRunning = await pool.connect();
      await longRunning.query("BEGIN");
      await longRunning.query("SELECT pg_current_xact_id()");
      const [lately, longAgo] = [await openSession(), await openSession()];
      for (const { userId } of [lately, longAgo]) await endSessions(db, { userId });
      await pool.query("UPDATE identity.sessions SET revoked_at = now() - interval '1 day' WHERE id = $1", [
        longAgo.sessionId,
      ]);
      const [feed, ofLongTokens] = [await follow(), await follow({ tokenLifetimeSeconds: 2 * 24 * 60 * 60 })];
      // A later look reads again whatever is not older than this transaction.
      const afterwards = await openSession();
      await endSessions(db, { userId: afterwards.userId });
      await eventually(() => expect(feed.has(afterwards.sessionId)).toBe(true), { within });
      await longRunning.query("ROLLBACK");
      longRunning.release();

      expect([feed.has(lately.sessionId), feed.has(longAgo.sessionId)]).toEqual([true, false]);
      expect(ofLongTokens.has(longAgo.sessionId)).toBe(true);
    }));

  it("finds a session that has run out", () =>
    withStack(async ({ pool, follow, openSession }) => {
      const [feed, session, ranOutBefore] = [
        await follow(),
        await openSession(),
        await openSession(new Date(Date.now() - 1_000)),
      ];
      await pool.query(
        "UPDATE identity.sessions SET expires_at = clock_timestamp() + interval '1 second' WHERE id = $1",
        [session.sessionId],
      );

      await eventually(() => expect(feed.has(session.sessionId)).toBe(true), { within });
      expect((await follow()).has(ranOutBefore.sessionId)).toBe(true);
    }));

  it("misses no revocation whose commit comes after that of a later one", () =>
    withStack(async ({ db, follow, openSession }) => {
      const feed = await follow();
      const [slow, quick] = [await openSession(), await openSession()];
      const transaction = await db.transaction();
      await endSessions(transaction, { userId: slow.userId });
      for (const session of [quick, await openSession()]) {
        await endSessions(db, { userId: session.userId });
        await eventually(() => expect(feed.has(session.sessionId)).toBe(true), { within });
      }
      expect(feed.has(slow.sessionId)).toBe(false);
      await transaction.commit();

      await eventually(() => expect(feed.has(slow.sessionId)).toBe(true), { within });
    }));

  it("keeps the last known list while the database is away, and finds the rest when it is back", () =>
    withStack(async ({ db, pool, follow, openSession }) => {
      const feed = await follow();
      const [before, meanwhile] = [await openSession(), await openSession()];
      await endSessions(db, { userId: before.userId });
      await eventually(() => expect(feed.has(before.sessionId)).toBe(true), { within });

      const away = await pool.connect();
      await away.query("BEGIN; LOCK TABLE identity.sessions IN ACCESS EXCLUSIVE MODE");
      const terminate =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'revoked sessions'";
      await away.query(terminate);
      await away.query(
        "UPDATE identity.sessions SET revoked_at = now(), revoked_in = pg_current_xact_id() WHERE id = $1",
        [meanwhile.sessionId],
      );
      expect([feed.has(before.sessionId), feed.has(meanwhile.sessionId)]).toEqual([true, false]);
      await away.query("COMMIT");
      away.release();

      await eventually(() => expect(feed.has(meanwhile.sessionId)).toBe(true), { within });
      expect(feed.has(before.sessionId)).toBe(true);
    }));

  it("does not start without the database: an empty list would let everyone in", () =>
    withStack(async ({ url, follow }) => {
      const nowhere = new URL(url);
      nowhere.pathname = "/no_such_database";
      await expect(follow({ url: nowhere.href })).rejects.toThrow();
    }));

  it("needs SELECT on the one view and nothing else", () =>
    withStack(async ({ db, url, pool, follow, openSession }) => {
      const role = `reader_${v7().replaceAll("-", "")}`;
      await pool.query(
        `CREATE ROLE ${role} LOGIN PASSWORD 'secret'; GRANT USAGE ON SCHEMA directory TO ${role};
         GRANT SELECT ON directory.revoked_sessions TO ${role}`,
      );
      const asReader = new URL(url);
      [asReader.username, asReader.password] = [role, "secret"];
      const feed = await follow({ url: asReader.href });
      const { userId, sessionId } = await openSession();
      await endSessions(db, { userId });

      await eventually(() => expect(feed.has(sessionId)).toBe(true), { within });
      await feed.stop();
      await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }));

  it("says to the other processes, on a channel, that there is something new", () =>
    withStack(async ({ url }) => {
      const feed = followRevokedSessionsOfOthers({ databaseUrl: url, tokenLifetimeSeconds: 60, logger });
      const listener = createClient({ url, name: "listener", log: logger });
      await listener.connect();
      await listener.query("LISTEN chat_sessions");
      await feed.start();
      const heard = once(listener, "notification");
      feed.announce(["a session"]);

      expect(feed.has("a session")).toBe(true);
      expect(await heard).toMatchObject([{ channel: "chat_sessions" }]);
      await feed.stop();
      await listener.end();
    }));
});
