import { describe, expect, it, jest } from "@jest/globals";
import { WebSocket } from "ws";
import { createProjector } from "@chat/projector/service";
import { createRealtime } from "@chat/realtime/service";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { createRevokedSessionList } from "@chat/shared/identity/revoked-sessions";
import { encodeCursor } from "@chat/shared/log/cursor";
import { createMemoryLog } from "@chat/shared/log/memory/memory-log";
import { createPool } from "@chat/shared/postgres/connect";
import { Rejection } from "@chat/shared/rejection";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { groupOf, send } from "@chat/shared/testing/chat-facts";
import { createChatWriter } from "@chat/shared/testing/chat-writer";
import { eventually } from "@chat/shared/testing/eventually";
import { openPostgresDetour } from "@chat/shared/testing/postgres-detour";
import { openSocket } from "@chat/shared/testing/socket-client";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { createWakeup } from "@chat/shared/wakeup";
import { migrationSets } from "../migrate/migration-sets.ts";
import { serveSockets } from "./testing/serve-sockets.ts";

jest.setTimeout(120_000);
const within = { within: 30_000 };
const PARTITIONS = 4;
const [alice, bob] = ["1", "2"] as const;
const chat = "0197a3c0-0000-7000-8000-000000000001";
/** Several slices of the journal, the first of which come through. */
const MESSAGES = 2_000;
const text = "x".repeat(1_000);
const CUT_AFTER_BYTES = 1_000_000;

describe("a PostgreSQL that goes away while a device catches up", () => {
  it("costs it a wait: on the same socket it is told the rest when it is back, once and in order", () =>
    withPostgres(
      async ({ pool, url: databaseUrl }) => {
        await using running = new AsyncDisposableStack();
        const log = createMemoryLog({ id: "a-log", partitions: PARTITIONS });
        running.defer(() => log.close());
        const logger = createLogger({ service: "spec", level: "silent" });
        const common = { log, logger, metrics: createMetrics(), progress: createWakeup() };
        const projector = createProjector({ ...common, pool, databaseUrl, onFatal: () => undefined });
        await projector.start();
        running.defer(() => projector.stop());
        const append = createChatWriter(log);
        await append(chat, alice, groupOf(alice, bob));
        for (let seq = 1; seq <= MESSAGES; seq += 100) {
          await append(chat, alice, ...Array.from({ length: 100 }, (_, index) => send(seq + index, text)));
        }
        await eventually(async () => {
          const { rows } = await pool.query<{ sum: number }>("SELECT sum(next_offset)::int FROM read_1.checkpoints");
          expect(rows[0]?.sum).toBe((await log.ends()).reduce((sum, end) => sum + end, 0));
        }, within);

        const detour = running.use(await openPostgresDetour(databaseUrl));
        const itsPool = createPool({ url: detour.url, name: "realtime", max: 10, log: logger });
        running.defer(() => itsPool.end());
        const tokens = createAccessTokens({ secret: "a secret that is long enough for HS256", lifetimeSeconds: 600 });
        // It begins where the read models are: all that was before is in the journal and nowhere else.
        const realtime = createRealtime({
          ...common,
          metrics: createMetrics(),
          pool: itsPool,
          tokens,
          revoked: createRevokedSessionList({ tokenLifetimeSeconds: tokens.lifetimeSeconds }),
          commands: () => Promise.reject(new Rejection("unavailable", "Nobody decides here.")),
        });
        await realtime.start();
        running.defer(() => realtime.stop());
        const server = await serveSockets(realtime.handleUpgrade);
        running.defer(server.close);

        detour.cutAfter(CUT_AFTER_BYTES);
        const token = tokens.sign({ userId: bob as never, sessionId: "s" });
        const from = encodeCursor("a-log", Array<number>(PARTITIONS).fill(0));
        const client = await openSocket(`ws://127.0.0.1:${server.port}/ws?token=${token}&cursor=${from}`);
        running.defer(() => client.ws.terminate());
        await eventually(() => expect(detour.refused()).toBeGreaterThan(2), within);
        await eventually(() => expect(client.events().length).toBeGreaterThan(0), within);
        expect(client.events().length).toBeLessThan(MESSAGES);

        // What happens meanwhile waits for its turn.
        await append(chat, alice, send(MESSAGES + 1));
        detour.mend();
        await eventually(() => expect(client.events()).toHaveLength(MESSAGES + 2), within);
        expect(client.events().map(({ version }) => version)).toEqual(
          Array.from({ length: MESSAGES + 2 }, (_, index) => index + 1),
        );
        expect(client.ws.readyState).toBe(WebSocket.OPEN);
        expect(client.frames.filter(({ type }) => type === "ready")).toHaveLength(1);
      },
      { migrations: migrationSets },
    ));
});
