import Type, { type Static, type TObject } from "typebox";
import type pg from "pg";
import { CannotStart, everyReason } from "./cannot-start.ts";
import { composeServices, type Service } from "./lifecycle.ts";
import type { EventLog } from "./log/event-log.ts";
import { kafkaConnection } from "./log/kafka/kafka-connection.ts";
import { openKafkaLog } from "./log/kafka/kafka-log.ts";
import { refuseUnlessMoved } from "./log/postgres/moved-log.ts";
import { openPostgresLog } from "./log/postgres/postgres-log.ts";
import { createPool, SERVICE_ANSWER_WITHIN_MS } from "./postgres/connect.ts";
import { databaseFaults } from "./postgres/database-faults.ts";
import { createNotifyWakeup } from "./postgres/notify-wakeup.ts";
import { DATABASE_URL, EXPECTED_PARTITIONS, LOG_LEVEL, logSettings } from "./settings.ts";
import type { Logger } from "./telemetry/logger.ts";
import { createMetrics, type Metrics } from "./telemetry/metrics.ts";
import type { Wakeup } from "./wakeup.ts";

/** The settings that every service which runs alone has. */
export const backendSettings = {
  DATABASE_URL,
  LOG_LEVEL,
  ...logSettings,
  PARTITIONS: Type.Optional(EXPECTED_PARTITIONS),
};
type Settings = Static<TObject<typeof backendSettings>>;

/** Enough for one service: the hot paths send one statement at a time, requests share the rest. */
const maxConnections = 8;

/** What stands behind a service that runs alone: the database, the log, and the taps on the shoulder between processes. */
export interface Backend {
  readonly databaseUrl: string;
  readonly pool: pg.Pool;
  readonly log: EventLog;
  /** The projector has committed. */
  readonly progress: Wakeup;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** To be started before the service and stopped after it. */
  readonly service: Service;
}

/** Connects a service to its log and database. Throws `CannotStart` when they are not there or were not migrated. */
export async function connectBackend(
  name: string,
  settings: Settings,
  logger: Logger,
  others: readonly Promise<unknown>[] = [],
): Promise<Backend> {
  const { DATABASE_URL: url } = settings;
  const pool = createPool({ url, name, max: maxConnections, log: logger, answerWithinMs: SERVICE_ANSWER_WITHIN_MS });
  const progress = createNotifyWakeup({ url, channel: "chat_progress", log: logger });
  const { log, wakeups } = await openLogAndCheckDatabase(name, settings, pool, logger, others).catch(
    async (error: unknown) => {
      await pool.end();
      throw error;
    },
  );
  const closing: Service = {
    name: "log and database",
    start: () => Promise.resolve(),
    async stop() {
      await log.close();
      await pool.end();
    },
  };
  return {
    databaseUrl: url,
    pool,
    log,
    progress,
    logger,
    metrics: createMetrics({ process: true }),
    service: composeServices("backend", [closing, ...wakeups, progress]),
  };
}

interface OpenLog {
  readonly log: EventLog;
  readonly wakeups: readonly Service[];
}

/** All that is wrong with both is said at once. */
async function openLogAndCheckDatabase(
  name: string,
  settings: Settings,
  pool: pg.Pool,
  logger: Logger,
  others: readonly Promise<unknown>[],
): Promise<OpenLog> {
  const [ofDatabase, ofOthers] = await Promise.all([databaseFaults(pool), everyReason(others)]);
  const faults = [...ofDatabase, ...ofOthers];
  // A log in a database that cannot be used would only be the same fault once more.
  if (ofDatabase.length > 0 && kafkaConnection(settings) === null) throw new CannotStart(faults);
  const opened = await openLog(name, settings, pool, logger).catch((error: unknown) => {
    if (error instanceof CannotStart) faults.push(...error.reasons);
    else if (faults.length === 0) throw error;
    return null;
  });
  if (opened === null || faults.length > 0) {
    await opened?.log.close();
    throw new CannotStart([...new Set(faults)]);
  }
  const { partitions } = opened.log;
  if (partitions !== (settings.PARTITIONS ?? partitions)) {
    await opened.log.close();
    throw new CannotStart(
      `PARTITIONS is ${String(settings.PARTITIONS)}, but the log has ${partitions}: the count is decided when it is made`,
    );
  }
  return opened;
}

/** With brokers the log is in Kafka, which wakes its readers itself; else it is in the database. */
async function openLog(name: string, settings: Settings, pool: pg.Pool, logger: Logger): Promise<OpenLog> {
  const kafka = kafkaConnection(settings);
  if (kafka !== null) {
    const log = await openKafkaLog({
      ...kafka,
      partitions: settings.PARTITIONS,
      clientId: name.replaceAll(" ", "-"),
      log: logger,
    });
    await refuseUnlessMoved(pool, log.id).catch(async (error: unknown) => {
      await log.close();
      throw error;
    });
    return { log, wakeups: [] };
  }
  const appended = createNotifyWakeup({ url: settings.DATABASE_URL, channel: "chat_log", log: logger });
  try {
    return { log: await openPostgresLog({ pool, others: appended }), wakeups: [appended] };
  } catch (error) {
    if (error instanceof CannotStart) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `DATABASE_URL: the log cannot be opened there: ${reason}. Is it running, and was it migrated?`;
    throw new CannotStart(message, { cause: error });
  }
}
