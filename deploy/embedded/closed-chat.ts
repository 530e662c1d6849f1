import { randomUUID } from "node:crypto";
import type { Pool } from "pg";
import { createProjector } from "@chat/projector/service";
import type { Service } from "@chat/shared/lifecycle";
import type { EventLog } from "@chat/shared/log/event-log";
import { createPostgresLog, openPostgresLog } from "@chat/shared/log/postgres/postgres-log";
import { forgetLeases } from "@chat/shared/partitions/postgres-leases";
import { createPool } from "@chat/shared/postgres/connect";
import { migrateAll } from "@chat/shared/postgres/migrate";
import type { Logger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { createWakeup, type Wakeup } from "@chat/shared/wakeup";
import { keepAccountIds } from "../migrate/account-ids.ts";
import { migrationSets } from "../migrate/migration-sets.ts";
import { openDataFolder } from "./data-folder.ts";
import { createEmbeddedPostgres } from "./postgres-server.ts";

/** Every partition may be read while another append waits; the log takes turns on them. */
const maxConnections = 8;

interface Options {
  readonly dataDir: string;
  /** A PostgreSQL of one's own instead of the embedded one. */
  readonly databaseUrl: string | undefined;
  /** Of a log that is not there yet. */
  readonly partitions: number;
}

interface Context {
  readonly log: Logger;
  readonly fail: (error: unknown) => void;
}

export interface OpenedChat {
  readonly log: EventLog;
  readonly pool: Pool;
  /** The projector has committed. */
  readonly progress: Wakeup;
}

export interface ClosedChat extends Service {
  opened(): OpenedChat;
}

/**
 * The embedded run without its doors: the log, its database and the projector, for whoever fills it. The folder is locked
 * as `npm start` locks it, so that a chat that runs there refuses this, and this refuses a chat.
 */
export function createClosedChat(options: Options, { log: logger, fail }: Context): ClosedChat {
  let running: AsyncDisposableStack | null = null;
  let opened: OpenedChat | null = null;

  async function start(): Promise<void> {
    await using starting = new AsyncDisposableStack();
    const begin = async <S extends Service>(service: S): Promise<S> => {
      await service.start();
      starting.defer(() => service.stop());
      return service;
    };
    const embedded = async (): Promise<string> => {
      const data = await openDataFolder(options.dataDir);
      return (await begin(createEmbeddedPostgres({ data, log: logger, fail }))).url();
    };
    const databaseUrl = options.databaseUrl ?? (await embedded());
    await migrateAll(databaseUrl, migrationSets, logger);
    const pool = createPool({ url: databaseUrl, name: "closed chat", max: maxConnections, log: logger });
    starting.defer(() => pool.end());
    await createPostgresLog(pool, randomUUID(), options.partitions);
    // The folder is locked: whoever held leases in it is dead.
    if (options.databaseUrl === undefined) await forgetLeases(pool);
    const log = await openPostgresLog({ pool });
    starting.defer(() => log.close());
    await keepAccountIds({ log, pool, logger });
    const progress = createWakeup();
    const metrics = createMetrics();
    await begin(createProjector({ log, databaseUrl, pool, logger, metrics, progress, onFatal: fail }));
    opened = { log, pool, progress };
    running = starting.move();
  }

  return {
    name: "closed chat",
    start,
    opened() {
      if (opened === null) throw new Error("it has not been started");
      return opened;
    },
    async stop() {
      const stack = running;
      running = null;
      await stack?.disposeAsync();
    },
  };
}
