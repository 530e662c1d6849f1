import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Pool } from "pg";
import { createCommandApi } from "@chat/command-api/service";
import { createProjector } from "@chat/projector/service";
import { createQueryApi } from "@chat/query-api/service";
import type { Person } from "@chat/e2e/chaos/workload/world";
import { createRealtime } from "@chat/realtime/service";
import { createHttpApp } from "@chat/shared/http/app";
import { createAuthenticate } from "@chat/shared/http/authenticate";
import { createHttpServer } from "@chat/shared/http/server";
import type { UserId } from "@chat/shared/ids";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { createRevokedSessionList } from "@chat/shared/identity/revoked-sessions";
import type { Service } from "@chat/shared/lifecycle";
import type { EventLog } from "@chat/shared/log/event-log";
import { createMemoryLog } from "@chat/shared/log/memory/memory-log";
import { Rejection } from "@chat/shared/rejection";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { openCuttingProxy } from "@chat/shared/testing/cutting-proxy";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { createWakeup } from "@chat/shared/wakeup";
import { noFiles } from "@chat/shared/testing/no-files";
import { migrationSets } from "../../migrate/migration-sets.ts";
import { appendLate, sometimesAppending } from "./troubled-log.ts";
import { openTamperingProxy, type TamperingProxyOptions } from "./tampering-proxy.ts";
import { serveSockets } from "./serve-sockets.ts";

const PARTITIONS = 2;
const lifetimeSeconds = 3_600;
export const ACCOUNTS = 5;
const HEARTBEAT_MS = 250;
/** One append in so many gets no answer and comes late; one answer in so many is lost; connections break at random. */
const LATE_ONE_IN = 25;
const LOST_ONE_IN = 15;
const MAX_BYTES_UNTIL_CUT = 120_000;

/** A mistake, made from outside: in what a service is given, on its way to clients, or in its tables. */
export interface PlantedBug {
  /** Of the log that has its troubles already. */
  readonly commandLog?: (log: EventLog) => EventLog;
  readonly projectorLog?: (log: EventLog) => EventLog;
  readonly queryLog?: (log: EventLog) => EventLog;
  readonly realtimeLog?: (log: EventLog, instance: number) => EventLog;
  readonly instead?: TamperingProxyOptions["instead"];
  readonly request?: TamperingProxyOptions["request"];
  readonly answer?: TamperingProxyOptions["answer"];
  /** Each connection of a device, before it is taken over. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex) => void;
  readonly sql?: string;
}

export interface BuggyChat {
  /** People without passwords: hashing them would take longer than all else. */
  readonly accounts: readonly Person[];
  readonly url: string;
  readonly socketUrl: string;
  /** No more cuts and losses. */
  heal(): void;
}

/**
 * All four services, realtime twice, over a log in memory that loses answers and has appends come late, behind proxies
 * that cut: as they are, or with one mistake planted.
 */
export function withPlantedBug(bug: PlantedBug, use: (chat: BuggyChat) => Promise<void>): Promise<void> {
  return withPostgres(
    async ({ pool, url: databaseUrl }) => {
      await using running = new AsyncDisposableStack();
      if (bug.sql !== undefined) await pool.query(bug.sql);
      const log = createMemoryLog({ id: "a-log", partitions: PARTITIONS });
      let healed = false;
      const troubled = sometimesAppending(log, LATE_ONE_IN, (partition, records) =>
        healed ? log.append(partition, records) : appendLate(partition, records, log),
      );
      const tokens = createAccessTokens({ secret: "a secret that is long enough for HS256 to like", lifetimeSeconds });
      const common = {
        log,
        pool,
        files: noFiles,
        databaseUrl,
        tokens,
        revoked: createRevokedSessionList({ tokenLifetimeSeconds: lifetimeSeconds }),
        logger: createLogger({ service: "spec", level: "silent" }),
        progress: createWakeup(),
      };
      const own = (log: EventLog) => ({ ...common, log, metrics: createMetrics() });
      const projector = createProjector({ ...own(bug.projectorLog?.(log) ?? log), onFatal: () => undefined });
      const commandApi = createCommandApi({
        ...own(bug.commandLog?.(troubled) ?? troubled),
        secret: "a secret that is long enough for HS256 to like",
        instanceUrl: () => `http://127.0.0.1:${http.address().port}`,
        leaseChanges: createWakeup(),
      });
      const http = createHttpServer({
        name: "http",
        port: 0,
        host: "127.0.0.1",
        listener: createHttpApp({
          routes: [...commandApi.routes, ...createQueryApi(own(bug.queryLog?.(log) ?? log)).routes],
          authenticate: createAuthenticate(tokens),
          log: common.logger,
        }),
      });
      const begin = async (...services: readonly Service[]): Promise<void> => {
        for (const service of services) {
          await service.start();
          running.defer(() => service.stop());
        }
      };
      await begin(projector);
      const ports: number[] = [];
      for (const instance of [0, 1]) {
        const realtime = createRealtime({
          ...own(bug.realtimeLog?.(log, instance) ?? log),
          limits: { heartbeatMs: HEARTBEAT_MS },
          commands: () => Promise.reject(new Rejection("unavailable", "Commands are sent over HTTP here.")),
        });
        await begin(realtime);
        const server = await serveSockets((request, socket, head) => {
          bug.upgrade?.(request, socket);
          realtime.handleUpgrade(request, socket, head);
        });
        running.defer(server.close);
        ports.push(server.port);
      }
      // Realtime has begun at the start of the log, before anybody is elected.
      await begin(commandApi, http, commandApi.share);
      let turn = 0;
      const sockets = await openCuttingProxy({
        target: () => ports[(turn += 1) % ports.length] ?? 0,
        bytesUntilCut: () => Math.floor(Math.random() * MAX_BYTES_UNTIL_CUT),
      });
      running.defer(() => sockets.close());
      const proxy = running.use(
        await openTamperingProxy({
          target: `http://127.0.0.1:${http.address().port}`,
          loses: () => Math.random() * LOST_ONE_IN < 1,
          instead: bug.instead,
          request: bug.request,
          answer: bug.answer,
        }),
      );
      await use({
        accounts: await makeAccounts(pool, (userId) => tokens.sign({ userId: userId as UserId, sessionId: userId })),
        url: proxy.url,
        socketUrl: `ws://127.0.0.1:${sockets.port}`,
        heal() {
          healed = true;
          proxy.spare();
          sockets.spare();
        },
      });
    },
    { migrations: migrationSets },
  );
}

async function makeAccounts(pool: Pool, tokenOf: (userId: string) => string): Promise<readonly Person[]> {
  const { rows } = await pool.query<{ id: number; name: string }>(
    `INSERT INTO identity.users (email, name, password_hash, created_at)
     SELECT 'w' || n || '@example.org', 'w' || n, 'none', now() FROM generate_series(1, $1::int) AS n RETURNING id, name`,
    [ACCOUNTS],
  );
  return rows.map(({ id, name }) => ({ id: String(id), name, token: tokenOf(String(id)) }));
}
