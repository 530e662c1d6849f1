import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { Kafka } from "kafkajs";
import { LogHalted, type ReadOptions, type RecordBatch } from "../event-log.ts";
import { createBatchQueue } from "./batch-queue.ts";
import { createLogConsumer, type FetchPace, type LogConsumer } from "./log-consumer.ts";
import type { Offsets } from "./offsets.ts";
import { within } from "./within.ts";

/** What one reader holds in memory at most, besides the fetch that is on its way. */
const maxQueuedRecords = 5_000;
/** How often a reader that gets nothing looks whether its place in the log is still there: kafkajs would not say. */
const lookMs = 2_000;
/**
 * So many looks in a row that find records in the log of which none has come: the consumer is stuck, in a group that
 * nobody coordinates any more or on a connection that is dead, and another one is taken.
 */
const maxEmptyLooks = 5;
/** A consumer that nobody uses stays this long for the next reader, whom it saves 50 ms and a dozen requests. */
const idleMs = 30_000;
const deleteGroupsWithinMs = 2_000;
/**
 * Of a tail that waits for what comes: ten requests a second while nothing does, and not many more than a hundred however
 * much is written. Nobody notices that a push or a row comes so much later when others come with it.
 */
const tailPace: FetchPace = { waitMs: 100, restMs: 10, restBehind: 2 };
/** Of a tail that is in no hurry at all. Who pushes lone records has the broker to himself meanwhile. */
const patientPace: FetchPace = { ...tailPace, restBehind: 1 };
/** Who reads one partition is a writer about to be elected, for whose few short reads commands wait; nothing else is asked meanwhile. */
const writerPace: FetchPace = { waitMs: 10, restMs: 0, restBehind: Infinity };

/** Readers share consumers: one fetches each partition for one reader at a time. */
export interface Readers {
  read(
    from: ReadonlyMap<number, number>,
    signal: AbortSignal,
    options?: ReadOptions,
  ): AsyncGenerator<RecordBatch, void, undefined>;
  close(): Promise<void>;
}

interface Dependencies {
  readonly kafka: Kafka;
  readonly topic: string;
  /** How many the topic has. */
  readonly partitions: number;
  readonly offsets: Offsets;
  /** Names the groups in the broker. */
  readonly clientId: string;
}

export function createReaders({ kafka, topic, partitions, offsets, clientId }: Dependencies): Readers {
  const consumers = new Map<LogConsumer, { readonly started: Promise<void>; readonly pace: FetchPace }>();
  const groups: string[] = [];
  const closed = new AbortController();

  function takeConsumer(wanted: readonly number[], pace: FetchPace): LogConsumer {
    for (const [consumer, known] of consumers) {
      if (known.pace === pace && consumer.isFree(wanted)) return consumer;
    }
    const consumer = createLogConsumer({ kafka, topic, partitions, groupId: `${clientId}-${randomUUID()}`, pace });
    groups.push(consumer.groupId);
    consumers.set(consumer, { started: consumer.start(), pace });
    return consumer;
  }

  /** Whether it could say goodbye. */
  function drop(consumer: LogConsumer): Promise<boolean> {
    consumers.delete(consumer);
    return consumer.stop();
  }

  /** A broken one at once, an idle one after a while. */
  function giveBack(consumer: LogConsumer): void {
    if (!consumer.isIdle()) return;
    if (!consumer.isFree([])) void drop(consumer);
    else setTimeout(() => void (consumer.isIdle() && consumers.has(consumer) && drop(consumer)), idleMs).unref();
  }

  async function* read(
    from: ReadonlyMap<number, number>,
    readerSignal: AbortSignal,
    { patient = false }: ReadOptions = {},
  ): AsyncGenerator<RecordBatch, void, undefined> {
    const signal = AbortSignal.any([readerSignal, closed.signal]);
    const positions = new Map(from);
    if (signal.aborted) return;
    await untilAborted(signal, offsets.check(positions));
    if (signal.aborted) return;
    const queue = createBatchQueue(maxQueuedRecords);
    const hurried = positions.size === 1 ? writerPace : tailPace;
    const consumer = takeConsumer([...positions.keys()], patient ? patientPace : hurried);
    for (const [partition, offset] of positions) {
      consumer.add(partition, offset, {
        take: queue.push,
        fail: queue.fail,
        miss: (wanted, found) => void explainMiss(partition, wanted, found).catch(() => undefined),
      });
    }

    /** Gone, or a hole: kafkajs was asked for `wanted` again and again, and Kafka says that it has it. */
    async function explainMiss(partition: number, wanted: number, found: number): Promise<void> {
      await offsets.check([[partition, wanted]]).catch((error: unknown) => {
        if (error instanceof LogHalted) queue.fail(error);
        throw error;
      });
      queue.fail(new LogHalted(partition, wanted, `the log has a hole: offset ${found} comes next`));
    }

    let emptyLooks = 0;
    try {
      await untilAborted(signal, consumers.get(consumer)?.started ?? Promise.resolve());
      while (!signal.aborted) {
        const batch = await queue.next(lookMs, signal);
        if (signal.aborted) return;
        if (batch === null) {
          const behind = await untilAborted(signal, offsets.check(positions));
          emptyLooks = behind === true ? emptyLooks + 1 : 0;
          if (emptyLooks >= maxEmptyLooks) consumer.giveUp(new Error("a reader gets nothing of what is there"));
          continue;
        }
        emptyLooks = 0;
        positions.set(batch.partition, batch.next);
        yield batch;
      }
    } finally {
      queue.close();
      for (const partition of positions.keys()) consumer.remove(partition);
      giveBack(consumer);
    }
  }

  return {
    read,
    async close() {
      closed.abort();
      const left = await Promise.all([...consumers.keys()].map(drop));
      // A broker that does not even say goodbye deletes nothing; it forgets empty groups by itself.
      if (left.every(Boolean)) await deleteGroups(kafka, groups);
    },
  };
}

/** kafkajs cannot be interrupted; whoever stops need not wait for it. */
async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  const over = new AbortController();
  const aborted = once(signal, "abort", { signal: over.signal }).then(
    () => undefined,
    () => undefined,
  );
  try {
    return await Promise.race([work, aborted]);
  } finally {
    over.abort();
    work.catch(() => undefined);
  }
}

/** A group whose last member has left is forgotten by the broker in time; a list of what is in use should be one. */
async function deleteGroups(kafka: Kafka, groups: string[]): Promise<void> {
  if (groups.length === 0) return;
  const admin = kafka.admin({ retry: { retries: 0 } });
  const work = (async () => {
    await admin.connect();
    await admin.deleteGroups(groups).finally(() => admin.disconnect());
  })();
  await within(deleteGroupsWithinMs, "deleting groups", work).catch(() => undefined);
}
