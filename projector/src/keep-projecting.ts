import { setTimeout as sleep } from "node:timers/promises";
import type { ClientBase } from "pg";
import { LogHalted, type EventLog } from "@chat/shared/log/event-log";
import { createClient, SERVICE_ANSWER_WITHIN_MS } from "@chat/shared/postgres/connect";
import type { Logger } from "@chat/shared/telemetry/logger";
import type { Metrics } from "@chat/shared/telemetry/metrics";
import { followLag } from "@chat/shared/telemetry/follow-lag";
import type { Wakeup } from "@chat/shared/wakeup";
import { follow } from "./follow.ts";
import { liveSchema, prepareForProjecting, readPositions, type Positions } from "./generation.ts";
import { createBatchProjector, StaleCheckpoint } from "./project-batch.ts";
import { createStoppedPartitions, type StoppedPartitions } from "./stopped.ts";

/** Between attempts to reach a database or a log that is away: soon at first, then often enough to be back in time. */
const backoffMs = { first: 50, most: 2_000 } as const;

/** How long the checkpoints must not have moved before a projector that met another one takes the work up again. */
const standBackMs = 2_000;

export interface ProjectingOptions {
  readonly log: EventLog;
  readonly databaseUrl: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly progress: Wakeup;
  readonly wanted?: Wakeup | undefined;
}

/**
 * Projects into whichever generation is live, until `signal` is aborted. Whatever ends a session (a database or a log
 * that is away, a switch of generations, another projector) begins a new one from the checkpoints; only `LogHalted`
 * is thrown.
 */
export async function keepProjecting(options: ProjectingOptions, signal: AbortSignal): Promise<void> {
  const { logger } = options;
  const stopped = createStoppedPartitions(options);
  const offsets = new Map<number, number>();
  const reached = (partition: number, offset: number): void => {
    offsets.set(partition, offset);
    stopped.reached(partition, offset);
  };
  void followLag({ ...options, reader: "projector", reached: (partition) => offsets.get(partition) }, signal);
  let failures = 0;
  let lastFailure = "";

  while (!signal.aborted) {
    const client = createClient({
      url: options.databaseUrl,
      name: "projector",
      log: logger,
      pipeline: true,
      answerWithinMs: SERVICE_ANSWER_WITHIN_MS,
    });
    try {
      await client.connect();
      await prepareForProjecting(client);
      await session({ ...options, client, stopped, reached, succeeded: () => (failures = 0) }, signal);
    } catch (error) {
      if (signal.aborted) break;
      if (error instanceof LogHalted) throw error;
      if (error instanceof StaleCheckpoint) continue;
      const failure = String(error);
      if (failures === 0 || failure !== lastFailure)
        logger.warn({ err: error }, "projecting failed, it is tried again");
      lastFailure = failure;
      await pause(Math.min(backoffMs.first * 2 ** failures, backoffMs.most), signal);
      failures += 1;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

interface Session extends ProjectingOptions {
  readonly client: ClientBase;
  readonly stopped: StoppedPartitions;
  readonly reached: (partition: number, offset: number) => void;
  readonly succeeded: () => void;
}

/** What one connection does: it projects into one generation until that is not the live one any more. */
async function session(options: Session, signal: AbortSignal): Promise<void> {
  const { client, stopped, reached, succeeded, log, logger, metrics, progress, wanted } = options;
  const events = metrics.counter("projector_events_total", "Events that are in the read models");
  const seconds = metrics.histogram("projector_batch_seconds", "From a batch's arrival to its commit");
  const conflicts = metrics.counter("projector_conflicts_total", "Batches refused since another projector was first");
  const schema = await liveSchema(client);
  const projector = createBatchProjector(client, schema);
  logger.info({ schema }, "projecting");

  function committed(count: number, ms: number): void {
    succeeded();
    events.inc(count);
    seconds.observe(ms / 1_000);
    progress.wake();
  }

  while (!signal.aborted) {
    const from = await positionsWhileLive(client, schema, log.partitions);
    for (const [partition, { offset }] of from) reached(partition, offset);
    progress.wake();
    try {
      await follow({ log, projector, from, stopped, wanted, signal, reached, committed });
    } catch (error) {
      if (!(error instanceof StaleCheckpoint) || (await liveSchema(client)) !== schema) throw error;
      conflicts.inc();
      await standBack(client, schema, options, signal);
    }
  }
}

/** Leaves the work to the projector that was first, for as long as it is seen at work. */
async function standBack(
  client: ClientBase,
  schema: string,
  { log, logger }: ProjectingOptions,
  signal: AbortSignal,
): Promise<void> {
  logger.warn({ schema }, "another projector moves the checkpoints: this one stands back until they stand still");
  for (let seen = ""; !signal.aborted;) {
    const now = JSON.stringify([...(await positionsWhileLive(client, schema, log.partitions))]);
    if (now === seen) return;
    seen = now;
    await pause(standBackMs, signal);
  }
}

/**
 * As `readPositions`, and `StaleCheckpoint` too when the tables are gone: a rebuild drops them while a projector waits, as at an
 * event that cannot be projected. That is no failure, unless they are those of the live generation.
 */
async function positionsWhileLive(client: ClientBase, schema: string, partitions: number): Promise<Positions> {
  try {
    return await readPositions(client, schema, partitions);
  } catch (error) {
    if ((await liveSchema(client)) === schema) throw error;
    throw new StaleCheckpoint(`${schema} is retired: another generation has taken over`, { cause: error });
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
