import { setTimeout as sleep } from "node:timers/promises";
import type { Consumer, EachBatchPayload, Kafka } from "kafkajs";
import { LogHalted, type RecordBatch } from "../event-log.ts";
import { fromMessage } from "./record-messages.ts";
import { TookTooLong, within } from "./within.ts";

const heartbeatMs = 3_000;
const startWithinMs = 10_000;
const stopWithinMs = 2_000;
/**
 * How often in a row a batch may begin elsewhere than asked for before it is looked into. One is what every rejoin may
 * bring, since kafkajs forgets where we were; more means that the record is not there.
 */
const maxMisses = 5;

/** What one partition's records are handed to, in order and without a gap. */
export interface Lane {
  take(batch: RecordBatch): Promise<void>;
  /** Batches that begin at `found` come instead of `wanted`, again and again. */
  miss(wanted: number, found: number): void;
  fail(error: Error): void;
}

/**
 * A consumer of all partitions, in a group of its own, that fetches those which have a lane and rests with the others.
 * kafkajs can neither be assigned partitions nor be told an offset for good, so positions are kept here.
 */
export interface LogConsumer {
  readonly groupId: string;
  /** No lane in any of these partitions, and it can take some. */
  isFree(partitions: Iterable<number>): boolean;
  isIdle(): boolean;
  start(): Promise<void>;
  /** Hands the records from `from` on to `lane`. Call `remove` to end it. */
  add(partition: number, from: number, lane: Lane): void;
  remove(partition: number): void;
  /** It is of no use any more: all who read by it are told so. */
  giveUp(error: Error): void;
  /** Resolves with whether the broker was told; it need not be there. */
  stop(): Promise<boolean>;
}

interface Place {
  readonly lane: Lane;
  next: number;
  misses: number;
}

/** How often the broker is asked. */
export interface FetchPace {
  /** The broker holds a fetch for at most so long while nothing comes. */
  readonly waitMs: number;
  /**
   * So long nothing is asked for behind a fetch that brought at least `restBehind` records; else the next one follows at once.
   * Every append wakes every tail, and when all ask again at once that costs a busy broker as much as the appends.
   */
  readonly restMs: number;
  readonly restBehind: number;
}

interface Options {
  readonly kafka: Kafka;
  readonly topic: string;
  /** How many the topic has. */
  readonly partitions: number;
  readonly groupId: string;
  readonly pace: FetchPace;
}

/** A partition that is added waits for the fetch under way. */
export function createLogConsumer({ kafka, topic, partitions, groupId, pace }: Options): LogConsumer {
  const places = new Map<number, Place>();
  let assigned: readonly number[] = [];
  let over = false;
  /** Records that the fetch has brought whose batches are handed out. */
  let fetched = 0;
  const consumer: Consumer = kafka.consumer({
    groupId,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: pace.waitMs,
    heartbeatInterval: heartbeatMs,
    // Whoever reads is told and begins anew: two layers that try again know nothing of each other.
    retry: { restartOnFailure: () => Promise.resolve(false) },
  });

  const at = (partition: number) => [{ topic, partitions: [partition] }];

  function seek(partition: number, { next }: Place): void {
    consumer.resume(at(partition));
    consumer.seek({ topic, partition, offset: String(next) });
  }

  /** At every join, the first one and each later one, kafkajs begins where nobody asked it to. */
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    assigned = payload.memberAssignment[topic] ?? [];
    for (const partition of assigned) {
      const place = places.get(partition);
      if (place === undefined) consumer.pause(at(partition));
      else seek(partition, place);
    }
  });
  consumer.on(consumer.events.FETCH, () => {
    fetched = 0;
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    giveUp(payload.error);
  });

  function giveUp(error: Error): void {
    over = true;
    assigned = [];
    for (const { lane } of places.values()) lane.fail(error);
  }

  async function takeBatch({ batch, heartbeat }: EachBatchPayload): Promise<void> {
    const { partition, messages } = batch;
    const place = places.get(partition);
    const first = messages[0];
    if (place === undefined || first === undefined) return;
    fetched += messages.length;
    const found = Number(first.offset);
    if (found !== place.next) {
      place.misses += 1;
      if (place.misses % maxMisses === 0) place.lane.miss(place.next, found);
      seek(partition, place);
      return;
    }
    place.misses = 0;
    let taken: Promise<void>;
    try {
      const records = messages.map((message) => fromMessage(partition, message));
      place.next = (records.at(-1)?.offset ?? found) + 1;
      taken = place.lane.take({ partition, records, next: place.next });
    } catch (error) {
      if (!(error instanceof LogHalted)) throw error;
      place.lane.fail(error);
      remove(partition);
      return;
    }
    await alive(taken, heartbeat);
    if (fetched >= pace.restBehind && !over) await sleep(pace.restMs);
  }

  function remove(partition: number): void {
    places.delete(partition);
    if (assigned.includes(partition)) consumer.pause(at(partition));
  }

  return {
    groupId,
    isFree: (partitions) => !over && ![...partitions].some((partition) => places.has(partition)),
    isIdle: () => places.size === 0,

    async start() {
      try {
        await within(startWithinMs, "connecting a reader to Kafka", consumer.connect());
        await consumer.subscribe({ topic, fromBeginning: true });
        // All batches of a fetch at once, so that none of them waits for the rest that the others take.
        const all = { autoCommit: false, partitionsConsumedConcurrently: partitions, eachBatch: takeBatch };
        await within(startWithinMs, "joining a group", consumer.run(all));
      } catch (error) {
        giveUp(error instanceof Error ? error : new Error(String(error)));
        throw error;
      }
    },

    add(partition, from, lane) {
      const place = { lane, next: from, misses: 0 };
      places.set(partition, place);
      if (assigned.includes(partition)) seek(partition, place);
    },

    remove,
    giveUp,

    stop() {
      over = true;
      assigned = [];
      return within(stopWithinMs, "stopping a reader", consumer.disconnect()).then(
        () => true,
        () => false,
      );
    },
  };
}

/** A reader that takes its time is no reason for the group to think that its member has died. */
async function alive(taken: Promise<void>, heartbeat: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await within(heartbeatMs, "reading", taken);
      return;
    } catch (error) {
      if (!(error instanceof TookTooLong)) throw error;
      await heartbeat();
    }
  }
}
