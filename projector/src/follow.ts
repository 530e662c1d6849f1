import type { EventLog } from "@chat/shared/log/event-log";
import { readEvents } from "@chat/shared/log/fenced-reader";
import type { Wakeup } from "@chat/shared/wakeup";
import { gather, type Patience } from "./gather.ts";
import type { Positions } from "./generation.ts";
import type { BatchProjector, PartitionEvents } from "./project-batch.ts";
import { projectOrIsolate } from "./project-or-isolate.ts";
import type { StoppedPartitions } from "./stopped.ts";

/** How many events one transaction takes: enough to share its price, few enough that readers do not wait for long. */
const maxBatchEvents = 2_000;

/**
 * A batch is followed by this pause, so that under load a commit carries many events. It counts from the batch's end:
 * on a machine that is busy batches take long, and it is then that fewer of them are wanted. A lone event after a pause
 * does not wait.
 */
const paceMs = 25;
/** When a reader is known to wait, and where it cannot be known. */
const paceIfWantedMs = 10;

/** Stopped partitions are tried again this often: whoever repaired something need not restart anything. */
const retryStoppedMs = 30_000;

export interface FollowOptions {
  readonly log: EventLog;
  readonly projector: BatchProjector;
  readonly from: Positions;
  readonly stopped: StoppedPartitions;
  /** Woken, again and again, as long as a reader waits; absent where readers are in other processes. */
  readonly wanted?: Wakeup | undefined;
  readonly signal: AbortSignal;
  /** A partition is in the read models up to here. */
  readonly reached: (partition: number, offset: number) => void;
  /** After each commit. */
  readonly committed: (events: number, ms: number) => void;
}

/**
 * Projects what the log says, from the checkpoints on, until `signal` is aborted. Returns early when the set of
 * partitions to read has changed (one was stopped, or stopped ones are due): the caller begins anew from the
 * checkpoints. Throws the log's or the database's error, or `StaleCheckpoint`.
 */
export async function follow(options: FollowOptions): Promise<void> {
  const { log, projector, stopped, wanted, reached, committed } = options;
  const patienceMs = wanted === undefined ? paceIfWantedMs : paceMs;
  const resting = new Set(stopped.resting());
  const positions = new Map([...options.from].filter(([partition]) => !resting.has(partition)));
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const retryAt = performance.now() + (resting.size > 0 ? retryStoppedMs : Infinity);
  try {
    const events = readEvents(log, positions, signal, { patient: true });
    const gathered = gather(events, { maxEvents: maxBatchEvents, wanted, signal });
    let patience: Patience | undefined;
    while (!signal.aborted && performance.now() < retryAt && stopped.resting().size === resting.size) {
      const arrived = await gathered.take(Math.min(retryStoppedMs, retryAt - performance.now()), patience);
      const start = performance.now();
      const batch = arrived.map((part) => partitionEvents(positions, part));
      if (batch.length === 0 || signal.aborted) continue;
      const poisoned = await projectOrIsolate(projector, batch);
      for (const { partition, next } of batch) positions.set(partition, next);
      for (const { partition, at, event, error } of poisoned) {
        positions.set(partition, at);
        stopped.stop(partition, event, error);
      }
      for (const { partition } of batch) reached(partition, positions.get(partition)?.offset ?? 0);
      const end = performance.now();
      committed(
        batch.reduce((sum, { events }) => sum + events.length, 0),
        end - start,
      );
      patience = { until: end + patienceMs, untilIfWanted: end + paceIfWantedMs };
    }
  } finally {
    over.abort();
  }
  if (performance.now() >= retryAt) stopped.retry();
}

type Arrived = Omit<PartitionEvents, "from">;

function partitionEvents(positions: Positions, { partition, events, next }: Arrived): PartitionEvents {
  const from = positions.get(partition);
  if (from === undefined) throw new Error(`partition ${partition} was not asked for`);
  return { partition, from, events, next };
}
