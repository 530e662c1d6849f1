import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createCommandApi } from "@chat/command-api/service";
import { createProjector } from "@chat/projector/service";
import { createQueryApi } from "@chat/query-api/service";
import { createRealtime } from "@chat/realtime/service";
import { createDiskFileStore } from "@chat/shared/files/disk-file-store";
import type { FileStore } from "@chat/shared/files/file-store";
import { createHttpApp } from "@chat/shared/http/app";
import { createAuthenticate } from "@chat/shared/http/authenticate";
import { createReadiness, healthRoutes } from "@chat/shared/http/health";
import { observeRequests } from "@chat/shared/http/observe-requests";
import type { Limiting } from "@chat/shared/http/rate-limits";
import { createHttpServer } from "@chat/shared/http/server";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { followRevokedSessionsOfOthers } from "@chat/shared/identity/follow-revoked-sessions";
import { refuseRevoked } from "@chat/shared/identity/revoked-sessions";
import type { Service } from "@chat/shared/lifecycle";
import { createPostgresLog, openPostgresLog } from "@chat/shared/log/postgres/postgres-log";
import { rememberEnds } from "@chat/shared/log/remember-ends";
import { forgetLeases } from "@chat/shared/partitions/postgres-leases";
import type { uploadLimitsOf } from "@chat/shared/settings";
import { createPostgresSignals } from "@chat/shared/signals/postgres/postgres-signals";
import { createPool, SERVICE_ANSWER_WITHIN_MS } from "@chat/shared/postgres/connect";
import { migrateAll } from "@chat/shared/postgres/migrate";
import { defaultAllowedOrigins } from "@chat/shared/settings";
import type { Logger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { createWakeup } from "@chat/shared/wakeup";
import { keepAccountIds } from "../migrate/account-ids.ts";
import { migrationSets } from "../migrate/migration-sets.ts";
import { openDataFolder } from "./data-folder.ts";
import { createEmbeddedPostgres } from "./postgres-server.ts";

/** Log, look-ups and reads take turns on these; the projector and accounts have connections of their own. */
const maxConnections = 12;
const secondsAMinute = 60;

/** What can be chosen; names and defaults as in `config.ts`. */
export interface EmbeddedChatOptions {
  readonly port: number;
  readonly dataDir: string;
  /** A PostgreSQL of one's own instead of the embedded one. */
  readonly databaseUrl: string | undefined;
  /** Where uploaded files are kept, if not in that folder. */
  readonly openFiles?: (folder: string) => Promise<FileStore>;
  /** Where another process on the same database would reach this one; this machine's own address when undefined. */
  readonly instanceUrl?: string | undefined;
  /** Made and kept in the data folder when undefined. */
  readonly secretKey: string | undefined;
  readonly accessTokenMinutes: number;
  readonly partitions: number;
  readonly allowedOrigins: readonly string[] | undefined;
  readonly flood: { readonly burst: number; readonly perSecond: number };
  /** Callers may ask as much as they like when absent. */
  readonly limiting?: Limiting;
  /** How much people may upload; the defaults of the settings when absent. */
  readonly uploadLimits?: ReturnType<typeof uploadLimitsOf>;
}

export interface EmbeddedChat extends Service {
  /** Where it listens, once started. */
  address(): AddressInfo;
}

interface Context {
  readonly log: Logger;
  readonly fail: (error: unknown) => void;
}

/**
 * The four services, their log and their database in one process on one port. It is a composition and nothing more:
 * each of them is what runs alone elsewhere. Started in the order of the text, stopped from its end.
 */
export function createEmbeddedChat(options: EmbeddedChatOptions, { log: logger, fail }: Context): EmbeddedChat {
  let running: AsyncDisposableStack | null = null;
  let addressOf: () => AddressInfo = () => {
    throw new Error("it has not been started");
  };

  async function start(): Promise<void> {
    await using starting = new AsyncDisposableStack();
    const begin = async <S extends Service>(service: S): Promise<S> => {
      await service.start();
      starting.defer(() => service.stop());
      return service;
    };

    const isAlone = options.databaseUrl === undefined;
    const data = await openDataFolder(options.dataDir, { withoutServer: !isAlone });
    const secret = options.secretKey ?? data.secretKey;
    const folder = join(data.path, "files");
    const files = (await options.openFiles?.(folder)) ?? createDiskFileStore({ folder });
    await files.prepare();
    const databaseUrl = options.databaseUrl ?? (await begin(createEmbeddedPostgres({ data, log: logger, fail }))).url();
    await migrateAll(databaseUrl, migrationSets, logger);

    const pool = createPool({
      url: databaseUrl,
      name: "chat",
      max: maxConnections,
      log: logger,
      answerWithinMs: SERVICE_ANSWER_WITHIN_MS,
    });
    starting.defer(() => pool.end());
    await createPostgresLog(pool, randomUUID(), options.partitions);
    const opened = await openPostgresLog({ pool, alone: isAlone });
    starting.defer(() => opened.close());
    // The data folder is locked: all that was ever acknowledged goes through here. A database of one's own may have others.
    const { log, ends } = isAlone ? await rememberEnds(opened) : { log: opened, ends: opened.ends };
    await keepAccountIds({ log, pool, logger });

    // Whoever held leases in a folder that is locked is dead, and need not be waited for.
    if (isAlone) await forgetLeases(pool);

    const metrics = createMetrics({ process: true });
    const [progress, wanted] = [createWakeup(), createWakeup()];
    const lifetimeSeconds = options.accessTokenMinutes * secondsAMinute;
    // Not in memory, no more than the signals: two of these may share one database.
    const following = { databaseUrl, tokenLifetimeSeconds: lifetimeSeconds, logger };
    const revoked = await begin(followRevokedSessionsOfOthers(following));
    const tokens = refuseRevoked(createAccessTokens({ secret, lifetimeSeconds }), revoked);
    const instanceUrl = (): string => options.instanceUrl ?? `http://127.0.0.1:${String(addressOf().port)}`;
    const signals = await begin(createPostgresSignals({ url: databaseUrl, log: logger }));
    const common = { log, pool, files, signals, databaseUrl, tokens, revoked, logger, metrics, progress, wanted };

    const uploads = options.uploadLimits === undefined ? {} : { uploadLimits: options.uploadLimits };
    const limited = options.limiting === undefined ? {} : { limits: options.limiting.limits };

    await begin(createProjector({ ...common, onFatal: fail }));
    const commandApi = await begin(
      createCommandApi({ ...common, ...uploads, ...limited, secret, instanceUrl, leaseChanges: createWakeup() }),
    );
    const queryApi = createQueryApi({ ...common, ...uploads, log: { ...log, ends } });
    const realtime = createRealtime({
      ...common,
      secret,
      commands: commandApi.socketCommands,
      limits: { flood: options.flood },
      fail,
      ...(options.allowedOrigins === undefined ? {} : { allowedOrigins: options.allowedOrigins }),
    });
    const readiness = createReadiness();
    const checks = { database: () => pool.query("SELECT 1"), log: log.ends, files: files.check };
    const http = createHttpServer({
      name: "http",
      port: options.port,
      listener: commandApi.takeForwarded(
        createHttpApp({
          routes: [
            ...commandApi.routes,
            ...queryApi.routes,
            // On this port stands all the world: metrics are for this machine alone.
            ...healthRoutes({ readiness, checks, metrics, metricsFor: "this machine" }),
          ],
          authenticate: createAuthenticate(tokens),
          log: logger,
          observe: observeRequests(metrics),
          pages: queryApi.pages,
          ...(options.limiting === undefined ? {} : { limiting: options.limiting }),
          allowedOrigins: options.allowedOrigins ?? defaultAllowedOrigins,
        }),
      ),
      upgrade: realtime.handleUpgrade,
    });
    await begin(http);
    addressOf = http.address;
    await begin(realtime);
    await begin(commandApi.share);
    await begin(readiness);
    running = starting.move();
  }

  return {
    name: "chat",
    start,
    address: () => addressOf(),
    async stop() {
      const stack = running;
      running = null;
      await stack?.disposeAsync();
    },
  };
}
