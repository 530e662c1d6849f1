import { setTimeout as sleep } from "node:timers/promises";
import { decodeEvent } from "@chat/shared/events/event-record";
import { LogHalted, type EventLog } from "@chat/shared/log/event-log";
import { readEvents, type EventBatch } from "@chat/shared/log/fenced-reader";
import { startOfPartition, type Position } from "@chat/shared/log/position";
import type { Logger } from "@chat/shared/telemetry/logger";
import { traceIdIn } from "@chat/shared/telemetry/trace-context";
import type { EventWindow, SeenEvent } from "./window.ts";

/**
 * What is kept for devices that come back soon, beyond what the checkpoints ask for: some 30,000 short messages. In
 * bytes of the log; decoded they take about three times that.
 */
const KEEP_BYTES = 16 * 1024 * 1024;
/**
 * When the projector falls behind this far, reading pauses until it has caught up. command-api refuses commands of a
 * partition before so much of it waits, so this is a bound that is there, not one that is met.
 */
const MAX_BYTES_PER_PARTITION = 16 * 1024 * 1024;
/**
 * How often the checkpoints are looked at: to cut the window, which holds more than KEEP_BYTES by what comes meanwhile,
 * and to see whether an event was skipped that stopped us.
 */
const CUT_EVERY_MS = 1_000;
/** After a failure: the log or the database is away, and is asked again, for ever. */
const RETRY_MS = 500;

export interface TailBatch {
  readonly partition: number;
  readonly events: readonly SeenEvent[];
  readonly next: Position;
}

export interface TailOptions {
  readonly log: EventLog;
  readonly window: EventWindow;
  /** The read models' checkpoints, of partitions that have one. */
  readonly checkpoints: () => Promise<ReadonlyMap<number, Position>>;
  /**
   * Reads what is needed to tell of this batch and hands back how it is told, at once and without fail. A rejection
   * changes nothing: the batch comes again.
   */
  readonly prepare: (batch: TailBatch) => Promise<() => void> | (() => void);
  readonly logger: Logger;
  /**
   * A partition goes on behind an event that was skipped. To be called before anything of it is told: whoever came while
   * it stood still knows it as the read models do, and not as it was where it stopped.
   */
  readonly goesOn?: (partition: number) => void;
  /** The log is not what it was: nothing can be told any more. */
  readonly halted: (error: LogHalted) => void;
}

export interface Tail {
  start(): Promise<void>;
  stop(): Promise<void>;
  /**
   * Calls `work` at a moment when no batch is half told: now, or behind the batch that is on its way. While it says
   * false it is called again behind each further batch. Says how to give up.
   */
  between(work: () => boolean): () => void;
  /**
   * Resolves with true as soon as everything before these offsets was told, with false when that takes longer than
   * `withinMs`. A partition that stopped is not waited for.
   */
  reached(offsets: ReadonlyMap<number, number>, withinMs: number): Promise<boolean>;
  /** Partitions that stopped at an event that this code cannot read. */
  stopped(): Pick<ReadonlySet<number>, "has" | "size">;
}

/** Follows all partitions from the checkpoints on: one decoding and one place in memory for whatever number of devices. */
export function createTail(options: TailOptions): Tail {
  const { log, window, logger } = options;
  const maxBytes = KEEP_BYTES + log.partitions * MAX_BYTES_PER_PARTITION;
  const stop = new AbortController();
  /** By partition where it goes on once the read models have got past the event. */
  const stoppedPartitions = new Map<number, Position>();
  const waiting = new Set<() => boolean>();
  let telling = false;
  let running: Promise<void> = Promise.resolve();
  let checkpoints: ReadonlyMap<number, Position> = new Map();
  /** Aborted when reading is to begin anew from where the window ends. */
  let reading = new AbortController();

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        reading = new AbortController();
        await passWhatWasSkipped();
        const signal = AbortSignal.any([stop.signal, reading.signal]);
        for await (const batch of readEvents(log, window.ends(), signal)) await tell(batch);
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof LogHalted) {
          logger.fatal({ err: error }, "the log is not what it was: nothing more is pushed");
          options.halted(error);
          return;
        }
        logger.warn({ err: error }, "the tail was interrupted and goes on where it was");
        await sleep(RETRY_MS, undefined, { signal: stop.signal }).catch(() => undefined);
      }
    }
  }

  async function tell(raw: EventBatch): Promise<void> {
    if (stoppedPartitions.has(raw.partition)) return;
    const batch = decodeBatch(raw);
    telling = true;
    try {
      const tellNow = options.prepare(batch);
      (typeof tellNow === "function" ? tellNow : await tellNow)();
      window.add(batch.partition, batch.events, batch.next);
    } finally {
      telling = false;
    }
    for (const work of waiting) if (work()) waiting.delete(work);
    if (window.bytes() > maxBytes) await untilThereIsRoom();
  }

  /** What comes before an event that cannot be read is told; at it the partition stops, and only that one. */
  function decodeBatch({ partition, events, next }: EventBatch): TailBatch {
    const seen: SeenEvent[] = [];
    for (const { offset, epoch, value } of events) {
      try {
        seen.push({ partition, offset, record: decodeEvent(value), bytes: value.length });
      } catch (error) {
        stoppedPartitions.set(partition, { offset: offset + 1, epoch });
        logger.error(
          { err: error, partition, offset, trace_id: traceIdIn(value) },
          "an event that cannot be read: its partition is pushed no further until it has been skipped",
        );
        return { partition, events: seen, next: { offset, epoch } };
      }
    }
    return { partition, events: seen, next };
  }

  /** An operator has decided that the read models go on without the event at which we stopped: so do we. */
  async function passWhatWasSkipped(): Promise<void> {
    for (const [partition, next] of wasSkipped()) {
      stoppedPartitions.delete(partition);
      options.goesOn?.(partition);
      await tell({ partition, events: [], next });
      logger.warn({ partition, offset: next.offset - 1 }, "the event was skipped: its partition is pushed again");
    }
  }

  function wasSkipped(): (readonly [number, Position])[] {
    const isPast = (partition: number, offset: number): boolean => (checkpoints.get(partition)?.offset ?? 0) >= offset;
    return [...stoppedPartitions].filter(([partition, { offset }]) => isPast(partition, offset));
  }

  async function untilThereIsRoom(): Promise<void> {
    logger.warn({ bytes: window.bytes() }, "the read models are far behind: pushing pauses until they have caught up");
    while (window.bytes() > maxBytes && !stop.signal.aborted) {
      await sleep(CUT_EVERY_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  }

  async function cutAgainAndAgain(): Promise<void> {
    while (!stop.signal.aborted) {
      await sleep(CUT_EVERY_MS, undefined, { signal: stop.signal }).catch(() => undefined);
      if (window.bytes() <= KEEP_BYTES && stoppedPartitions.size === 0) continue;
      try {
        checkpoints = await options.checkpoints();
        window.cut(checkpoints, KEEP_BYTES);
        if (wasSkipped().length > 0) reading.abort();
      } catch (error) {
        logger.warn({ err: error }, "the checkpoints cannot be read");
      }
    }
  }

  function between(work: () => boolean): () => void {
    if (telling || !work()) waiting.add(work);
    return () => waiting.delete(work);
  }

  function isTold(offsets: ReadonlyMap<number, number>): boolean {
    for (const [partition, offset] of offsets) {
      if (window.end(partition).offset < offset && !stoppedPartitions.has(partition)) return false;
    }
    return true;
  }

  return {
    async start() {
      const found = await options.checkpoints();
      const all = Array.from({ length: log.partitions }, (_, partition) => partition);
      checkpoints = new Map(all.map((partition) => [partition, found.get(partition) ?? startOfPartition]));
      window.begin(checkpoints);
      running = Promise.all([run(), cutAgainAndAgain()]).then(() => undefined);
    },

    async stop() {
      stop.abort();
      await running;
    },

    between,

    reached: (offsets, withinMs) =>
      new Promise((resolve) => {
        if (isTold(offsets)) {
          resolve(true);
          return;
        }
        const giveUp = between(() => {
          if (!isTold(offsets)) return false;
          clearTimeout(timer);
          resolve(true);
          return true;
        });
        const timer = setTimeout(() => {
          giveUp();
          resolve(false);
        }, withinMs);
      }),

    stopped: () => stoppedPartitions,
  };
}
