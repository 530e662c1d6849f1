import { setTimeout as sleep } from "node:timers/promises";
import type { Kafka } from "kafkajs";
import { CannotStart } from "../../cannot-start.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { LogHalted, type EventLog, type LogCreated, type StoredRecord } from "../event-log.ts";
import { createAppender } from "./append-records.ts";
import { createKafkaClient, type KafkaConnection } from "./kafka-client.ts";
import { createOffsets, type Offsets } from "./offsets.ts";
import { createReaders, type Readers } from "./read-records.ts";
import { checkTopicSettings, partitionFaults, type Durability } from "./topic-settings.ts";
import { countPartitions, noAnswer, withAdmin } from "./with-admin.ts";
import { within } from "./within.ts";

/**
 * How long an answer is waited for; afterwards the outcome is unknown and the writer elects itself again. Longer than a
 * leader takes to move, and than a leader waits for its replicas (`append-records.ts`).
 */
const requestTimeoutMs = 5_000;
/** For the first record, which every start reads; a broker that has just started lets nobody read for some seconds, on a busy machine for many. */
const identifyWithinMs = 60_000;
const identifyAgainMs = 250;

interface Options extends KafkaConnection {
  readonly topic: string;
  readonly durability: Durability;
  /** How many the topic is to have, where that is known. */
  readonly partitions?: number | undefined;
  /** Names this process in the broker's log and its groups. */
  readonly clientId: string;
  readonly log: Logger;
}

/**
 * The log in a Kafka topic. Throws `CannotStart` when no broker answers, when there is no such topic, when its settings
 * promise less than `durability`, or when it is no log of ours.
 */
export async function openKafkaLog(options: Options): Promise<EventLog> {
  const { brokers, topic, durability, clientId, log } = options;
  const kafka = createKafkaClient({ ...options, clientId, log, requestTimeoutMs });
  const found = await withAdmin(kafka, brokers, async (admin) => {
    const count = await countPartitions(admin, topic);
    if (count === null) throw new CannotStart(`KAFKA_TOPIC: there is no topic ${topic}; make it with: npm run migrate`);
    await checkTopicSettings(admin, topic, durability, log, partitionFaults(topic, options.partitions, count));
    return count;
  });
  const offsets = createOffsets(kafka, topic);
  const readers = createReaders({ kafka, topic, partitions: found, offsets, clientId });
  try {
    const { logId, partitions } = await identify(offsets, readers, topic);
    if (partitions !== found) {
      throw new CannotStart(
        `KAFKA_TOPIC: the topic ${topic} has ${found} partitions, but its log was made with ${partitions}`,
      );
    }
    return await connect(kafka, topic, { id: logId, partitions }, { offsets, readers });
  } catch (error) {
    await Promise.all([readers.close(), offsets.close()]);
    throw error instanceof CannotStart ? error : noAnswer(brokers, error);
  }
}

interface Parts {
  readonly offsets: Offsets;
  readonly readers: Readers;
}

async function connect(
  kafka: Kafka,
  topic: string,
  identity: Pick<EventLog, "id" | "partitions">,
  { offsets, readers }: Parts,
): Promise<EventLog> {
  const appender = await createAppender(kafka, topic);
  return {
    ...identity,
    async append(partition, records) {
      const answer = await appender.append(partition, records);
      if (answer.status === "appended") offsets.saw(partition, answer.baseOffset + records.length);
      return answer;
    },
    ends: async () => (await offsets.ranges()).map(({ end }) => end),
    read: readers.read,
    async close() {
      // All at once: each waits for a broker that may be away, and who stops has ten seconds for everything.
      await Promise.all([readers.close(), appender.close(), offsets.close()]);
    },
  };
}

/** The first record of all says which log this is. */
async function identify(offsets: Offsets, readers: Readers, topic: string): Promise<LogCreated> {
  const strange = (why: string, cause?: unknown): CannotStart =>
    new CannotStart(`KAFKA_TOPIC: the topic ${topic} is no log of ours: ${why}`, { cause });
  if ((await offsets.ranges()).some(({ end }) => end === 0)) {
    throw strange(
      "it has empty partitions; if its making was interrupted, delete it and make it with: npm run migrate",
    );
  }
  try {
    const first = await within(identifyWithinMs, "reading the first record", readFirst(readers));
    if (first?.kind === "log-created") return first;
  } catch (error) {
    if (error instanceof LogHalted) throw strange(error.message, error);
    throw error;
  }
  throw strange("it does not begin with LogCreated");
}

async function readFirst(readers: Readers): Promise<StoredRecord | undefined> {
  const giveUpAt = performance.now() + identifyWithinMs;
  for (;;) {
    try {
      for await (const { records } of readers.read(new Map([[0, 0]]), new AbortController().signal)) return records[0];
      return undefined;
    } catch (error) {
      if (error instanceof LogHalted || performance.now() > giveUpAt) throw error;
      await sleep(identifyAgainMs);
    }
  }
}
