import { randomUUID } from "node:crypto";
import { expect, it } from "@jest/globals";
import { createQueryApi } from "@chat/query-api/service";
import { createHttpApp } from "@chat/shared/http/app";
import { createAuthenticate } from "@chat/shared/http/authenticate";
import { createHttpServer } from "@chat/shared/http/server";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { isUserId } from "@chat/shared/ids";
import { openPostgresLog } from "@chat/shared/log/postgres/postgres-log";
import { createPool } from "@chat/shared/postgres/connect";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { createWakeup } from "@chat/shared/wakeup";
import { noFiles } from "@chat/shared/testing/no-files";
import { bigDemo } from "../demo/big-demo.ts";
import { fillLog } from "../demo/fill-log.ts";
import { migrationSets } from "../migrate/migration-sets.ts";
import { createClosedChat } from "./closed-chat.ts";

const logger = createLogger({ service: "spec", level: "silent" });
const secret = "a secret that is long enough for HS256 to like";
/** PostgreSQL chooses a plan for all values only after the fifth execution: both are to be seen. */
const timesEach = 8;

/** Asked of the server's own counters rather than of `EXPLAIN`: they tell what was done, by every statement behind a call. */
it("no read goes through all messages or all events, whatever it asks for", async () => {
  await withPostgres(
    async ({ url }) => {
      const chat = createClosedChat({ dataDir: "unused", databaseUrl: url, partitions: 4 }, { log: logger, fail() {} });
      await chat.start();
      await fillLog({ ...chat.opened(), plan: bigDemo(0.005), say() {}, signal: new AbortController().signal });
      await chat.stop();

      await using running = new AsyncDisposableStack();
      // One connection: what it has counted is told by itself, before it is asked.
      const pool = createPool({ url, name: "plans", max: 1, log: logger });
      running.defer(() => pool.end());
      const log = await openPostgresLog({ pool });
      running.defer(() => log.close());
      const tokens = createAccessTokens({ secret, lifetimeSeconds: 600 });
      const { routes } = createQueryApi({
        log,
        pool,
        files: noFiles,
        progress: createWakeup(),
        metrics: createMetrics(),
      });
      const listener = createHttpApp({ routes, authenticate: createAuthenticate(tokens), log: logger });
      const http = createHttpServer({ name: "http", port: 0, host: "127.0.0.1", listener });
      await http.start();
      running.defer(() => http.stop());

      const userId = (await pool.query<{ id: string }>("SELECT min(id)::text AS id FROM identity.users")).rows[0]?.id;
      if (userId === undefined || !isUserId(userId)) throw new Error("there is nobody");
      const authorization = `Bearer ${tokens.sign({ userId, sessionId: randomUUID() })}`;
      const get = async (path: string): Promise<unknown> => {
        const response = await fetch(`http://127.0.0.1:${http.address().port}${path}`, { headers: { authorization } });
        expect(`${path}: ${response.status}`).toBe(`${path}: 200`);
        return response.json();
      };
      const scans = async () => {
        await pool.query("SELECT pg_stat_force_next_flush()");
        const { rows } = await pool.query<{ table: string; sequential: number; all: number }>(
          `SELECT relname AS table, seq_scan AS sequential, seq_scan + idx_scan AS all FROM pg_stat_user_tables
            WHERE schemaname = 'read_1' AND relname IN ('messages', 'chat_events') ORDER BY relname`,
        );
        return rows;
      };

      const listed = (await get("/chats?limit=100")) as { id: string; last_message: { seq: number } }[];
      const long = listed.toSorted((a, b) => b.last_message.seq - a.last_message.seq)[0];
      if (long === undefined) throw new Error("there are no chats");
      expect(long.last_message.seq).toBeGreaterThan(400);
      const before = await scans();
      for (let time = 1; time <= timesEach; time += 1) {
        const seq = time * 50;
        for (const path of [
          "/chats?limit=20",
          "/unread",
          `/chats/${long.id}`,
          `/chats/${long.id}/members`,
          `/chats/${long.id}/messages`,
          `/chats/${long.id}/messages?before=${seq}&limit=50`,
          `/chats/${long.id}/messages?around=${seq}`,
          `/history/${long.id}?limit=50&offset=${seq}`,
          `/messages/${long.id}.${seq}/readers`,
          "/users?query=1",
        ])
          await get(path);
      }
      const after = await scans();
      expect(after.map(({ sequential }) => sequential)).toEqual(before.map(({ sequential }) => sequential));
      for (const [index, { all }] of after.entries()) expect(all).toBeGreaterThan(before[index]?.all ?? 0);
    },
    { migrations: migrationSets },
  );
}, 60_000);
