import { setTimeout as sleep } from "node:timers/promises";
import type { Admin, Kafka } from "kafkajs";
import { CannotStart } from "../../cannot-start.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { createKafkaClient, type KafkaConnection } from "./kafka-client.ts";
import { toMessages } from "./record-messages.ts";
import {
  checkTopicSettings,
  partitionFaults,
  replicationFactorFor,
  settingsFor,
  type Durability,
} from "./topic-settings.ts";
import { countPartitions, withAdmin } from "./with-admin.ts";

const requestTimeoutMs = 10_000;
/** Whoever made the topic writes its first records right afterwards. */
const beginWithinMs = 15_000;
const lookAgainMs = 100;

interface Options extends KafkaConnection {
  readonly topic: string;
  readonly logId: string;
  readonly partitions: number;
  readonly durability: Durability;
  readonly clientId: string;
  readonly log: Logger;
}

/**
 * Makes the log where there is none: the topic with its settings, and LogCreated at offset 0 of every partition.
 *
 * Of several who try at once Kafka lets one make the topic, and that one alone writes the first records; the others wait
 * for them. An append cannot be made conditional, so who finds a topic with an empty partition writes nothing into it:
 * whoever made it may only be slow. If it has died, the topic holds nothing and can be deleted.
 */
export async function createKafkaLog(options: Options): Promise<void> {
  const { brokers, clientId, log } = options;
  const kafka = createKafkaClient({ ...options, clientId, log, requestTimeoutMs });
  await withAdmin(kafka, brokers, async (admin) => {
    const made = await makeTopic(admin, options);
    await checkPartitions(admin, options);
    await awaitEnds(admin, options, 0);
    if (made) await writeFirstRecords(kafka, options);
    await awaitEnds(admin, options, 1);
  });
}

/**
 * Changes nothing. Throws `CannotStart` with all that would keep `createKafkaLog` from making this log, or services from
 * using the one that is there. Resolves with how many partitions that has, null when there is none.
 */
export async function checkKafkaLog(
  options: Omit<Options, "logId" | "partitions"> & { readonly partitions: number | undefined },
): Promise<number | null> {
  const { brokers, clientId, log, topic, partitions, durability } = options;
  const kafka = createKafkaClient({ ...options, clientId, log, requestTimeoutMs });
  return withAdmin(kafka, brokers, async (admin) => {
    const found = await countPartitions(admin, topic);
    if (found === null) await replicationFactorFor(admin, durability);
    else await checkTopicSettings(admin, topic, durability, log, partitionFaults(topic, partitions, found));
    return found;
  });
}

/** Whether it was this call that made it. */
export async function makeTopic(
  admin: Admin,
  { topic, partitions, durability }: Pick<Options, "topic" | "partitions" | "durability">,
): Promise<boolean> {
  if ((await countPartitions(admin, topic)) !== null) return false;
  const replicationFactor = await replicationFactorFor(admin, durability);
  const configEntries = settingsFor(durability);
  // kafkajs' own wait for leaders fails when the broker that it asks has not heard of the topic yet.
  return admin.createTopics({
    waitForLeaders: false,
    topics: [{ topic, numPartitions: partitions, replicationFactor, configEntries }],
  });
}

async function checkPartitions(admin: Admin, { topic, partitions }: Options): Promise<void> {
  const faults = partitionFaults(topic, partitions, await awaitPartitions(admin, topic));
  if (faults.length > 0) throw new CannotStart(faults);
}

/** Of a topic that was made just now every broker hears a little later. */
export async function awaitPartitions(admin: Admin, topic: string): Promise<number> {
  const giveUpAt = performance.now() + beginWithinMs;
  let found = await countPartitions(admin, topic);
  while (found === null && performance.now() < giveUpAt) {
    await sleep(lookAgainMs);
    found = await countPartitions(admin, topic);
  }
  return found ?? 0;
}

/** Once and never again: an append without an answer may still come, and two first records would be one too many. */
async function writeFirstRecords(kafka: Kafka, { topic, logId, partitions }: Options): Promise<void> {
  const producer = kafka.producer({
    retry: { retries: 0 },
    allowAutoTopicCreation: false,
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  try {
    await producer.connect();
    const messages = Array.from({ length: partitions }, (_, partition) =>
      toMessages(partition, [{ kind: "log-created", logId, partition, partitions }]),
    ).flat();
    await producer.send({ topic, acks: -1, messages });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CannotStart(
      `KAFKA_TOPIC: the topic ${topic} was made, but its first records were not acknowledged (${reason}); ` +
        "delete it and try again",
      { cause: error },
    );
  } finally {
    await producer.disconnect();
  }
}

/** Waits until every partition has a leader that answers, and holds at least so many records. */
export async function awaitEnds(admin: Admin, { topic }: Pick<Options, "topic">, atLeast: number): Promise<void> {
  const giveUpAt = performance.now() + beginWithinMs;
  for (;;) {
    const offsets = await admin.fetchTopicOffsets(topic).catch((error: unknown) => {
      if (performance.now() > giveUpAt) throw error;
      return null;
    });
    const short = offsets?.filter(({ high }) => Number(high) < atLeast).map(({ partition }) => partition);
    if (short?.length === 0) return;
    if (short !== undefined && performance.now() > giveUpAt) {
      throw new CannotStart(
        `KAFKA_TOPIC: the topic ${topic} is no log of ours: partitions ${short.join(", ")} are empty. ` +
          "If its making was interrupted, delete it and try again",
      );
    }
    await sleep(lookAgainMs);
  }
}
