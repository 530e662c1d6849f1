import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pool } from "pg";
import { createCommandApi } from "@chat/command-api/service";
import { createProjector } from "@chat/projector/service";
import { createQueryApi } from "@chat/query-api/service";
import { createRealtime } from "@chat/realtime/service";
import { createDiskFileStore } from "@chat/shared/files/disk-file-store";
import { createHttpApp } from "@chat/shared/http/app";
import type { Route } from "@chat/shared/http/define-route";
import { createAuthenticate } from "@chat/shared/http/authenticate";
import { createReadiness, healthRoutes } from "@chat/shared/http/health";
import { createHttpServer } from "@chat/shared/http/server";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { createRevokedSessionList } from "@chat/shared/identity/revoked-sessions";
import { Rejection } from "@chat/shared/rejection";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { type SpecDatabase, withPostgres } from "@chat/shared/testing/with-postgres";
import { createWakeup } from "@chat/shared/wakeup";
import { migrationSets } from "../../migrate/migration-sets.ts";
import { type LogKind, type OpenLog, withLog } from "./with-log.ts";
import { serveSockets } from "./serve-sockets.ts";

const secret = "a secret that is long enough for HS256 to like";
const lifetimeSeconds = 3_600;
/** Well formed, and the hash of nothing that anybody knows. */
const hashOfNoPassword =
  "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

export interface ChatStack {
  readonly pool: Pool;
  readonly origin: string;
  /** Where uploaded files are. */
  readonly filesFolder: string;
  /** Every call that its HTTP takes. */
  readonly routes: readonly Route[];
  /** Of the realtime that has run all the time. */
  readonly port: number;
  /** People without passwords, each with a token. */
  people(count: number): Promise<{ readonly id: string; readonly token: string }[]>;
  /** A token of this user that was right an hour ago. */
  expiredToken(userId: string): string;
  /** One more realtime, which begins at the checkpoints of now: what was before it reads from the journal. */
  freshRealtime(): Promise<{ readonly port: number; stop(): Promise<void> }>;
}

export interface ChatStackOptions {
  /** Realtime opens it for itself, as in services that run apart. Absent: one in PostgreSQL that all share, as in the embedded run. */
  readonly logApart?: LogKind;
  /** The defaults of the settings when absent. */
  readonly uploadLimits?: { readonly maxFileBytes: number; readonly maxBytes: number; readonly maxFiles: number };
  readonly collectFilesEveryMs?: number;
}

/** All four services over a log, and read models in one PostgreSQL. */
export function withChat(
  use: (stack: ChatStack) => Promise<void>,
  { logApart, ...options }: ChatStackOptions = {},
): Promise<void> {
  return withPostgres((database) => withLog(logApart ?? "postgres", database, (openLog) => onLog(database, openLog)), {
    migrations: migrationSets,
  });

  async function onLog({ pool, url: databaseUrl }: SpecDatabase, openLog: OpenLog): Promise<void> {
    await using running = new AsyncDisposableStack();
    const log = await openLog();
    const tokens = createAccessTokens({ secret, lifetimeSeconds });
    const logger = createLogger({ service: "spec", level: "silent" });
    const revoked = createRevokedSessionList({ tokenLifetimeSeconds: lifetimeSeconds });
    const filesFolder = await mkdtemp(join(tmpdir(), "chat-files-"));
    running.defer(() => rm(filesFolder, { recursive: true }));
    const files = createDiskFileStore({ folder: filesFolder });
    await files.prepare();
    const common = { log, pool, files, databaseUrl, tokens, revoked, logger, progress: createWakeup() };
    const own = () => ({ ...common, metrics: createMetrics() });
    const projector = createProjector({ ...own(), onFatal: () => undefined });
    const commandApi = createCommandApi({
      ...own(),
      ...options,
      secret,
      instanceUrl: () => `http://127.0.0.1:${http.address().port}`,
      leaseChanges: createWakeup(),
    });
    const readiness = createReadiness();
    const routes = [
      ...commandApi.routes,
      ...createQueryApi(own()).routes,
      ...healthRoutes({ readiness, checks: {}, metrics: createMetrics() }),
    ];
    const http = createHttpServer({
      name: "http",
      port: 0,
      host: "127.0.0.1",
      listener: createHttpApp({
        routes,
        authenticate: createAuthenticate(tokens),
        log: logger,
      }),
    });
    for (const service of [projector, commandApi, http, commandApi.share, readiness]) {
      await service.start();
      running.defer(() => service.stop());
    }

    async function freshRealtime() {
      const ownLog = logApart === undefined ? undefined : await openLog();
      const realtime = createRealtime({
        ...own(),
        log: ownLog ?? log,
        commands: () => Promise.reject(new Rejection("unavailable", "Commands are sent over HTTP here.")),
      });
      await realtime.start();
      const server = await serveSockets(realtime.handleUpgrade);
      return {
        port: server.port,
        async stop() {
          await realtime.stop();
          await ownLog?.close();
          server.close();
        },
      };
    }

    const standing = await freshRealtime();
    running.defer(standing.stop);
    let made = 0;
    await use({
      pool,
      origin: `http://127.0.0.1:${http.address().port}`,
      filesFolder,
      routes,
      port: standing.port,
      freshRealtime,
      expiredToken(userId) {
        const then = createAccessTokens({ secret, lifetimeSeconds: 1, now: () => Date.now() - 3_600_000 });
        return then.sign({ userId: userId as never, sessionId: randomUUID() });
      },
      async people(count) {
        const { rows } = await pool.query<{ id: number }>(
          `INSERT INTO identity.users (email, name, password_hash, created_at)
           SELECT 'someone-' || n || '@example.com', 'Someone ' || n, $3, now()
           FROM generate_series($1::int + 1, $1::int + $2::int) AS n RETURNING id`,
          [made, count, hashOfNoPassword],
        );
        made += count;
        return rows.map(({ id }) => {
          const userId = String(id);
          return { id: userId, token: tokens.sign({ userId: userId as never, sessionId: randomUUID() }) };
        });
      },
    });
  }
}
