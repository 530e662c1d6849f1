import { setTimeout as sleep } from "node:timers/promises";
import type { Admin } from "kafkajs";
import { CannotStart } from "../../cannot-start.ts";
import { createKafkaClient, type KafkaConnection } from "../../log/kafka/kafka-client.ts";
import { effectiveSettings, replicationFactorFor, type Durability } from "../../log/kafka/topic-settings.ts";
import { countPartitions, isUnknownTopic, withAdmin } from "../../log/kafka/with-admin.ts";
import type { Logger } from "../../telemetry/logger.ts";

/** Nobody reads what is older than a moment; some minutes show a person what was said. */
const retentionMs = 10 * 60_000;
/** A topic that keeps longer was made for something else. */
const maxRetentionMs = 60 * 60_000;
const madeWithinMs = 15_000;
const lookAgainMs = 100;
const requestTimeoutMs = 10_000;

class NoSignalsTopic extends CannotStart {}

interface Options extends KafkaConnection {
  readonly topic: string;
  readonly durability: Durability;
  readonly clientId: string;
  readonly log: Logger;
}

/**
 * Makes the topic of the signals where there is none, and checks it. One partition, so that there is one order; a copy
 * in sync is enough, for a signal may be lost.
 */
export async function createSignalsTopic(options: Options): Promise<void> {
  const { topic, durability } = options;
  await ask(options, async (admin) => {
    if ((await countPartitions(admin, topic)) === null) {
      const replicationFactor = await replicationFactorFor(admin, durability);
      const configEntries = [
        { name: "cleanup.policy", value: "delete" },
        { name: "retention.ms", value: String(retentionMs) },
        // A segment is deleted as a whole, once it is closed.
        { name: "segment.ms", value: String(retentionMs) },
        { name: "min.insync.replicas", value: "1" },
      ];
      // Of several who try at once Kafka lets one make it, and tells the others false.
      await admin.createTopics({
        waitForLeaders: false,
        topics: [{ topic, numPartitions: 1, replicationFactor, configEntries }],
      });
    }
    await checkUntilKnown(admin, topic);
  });
}

/** Each question may be answered by another broker, and each of them hears of a new topic when it does. */
async function checkUntilKnown(admin: Admin, topic: string): Promise<void> {
  const giveUpAt = performance.now() + madeWithinMs;
  for (;;) {
    try {
      await check(admin, topic);
      return;
    } catch (error) {
      if (!(error instanceof NoSignalsTopic || isUnknownTopic(error)) || performance.now() > giveUpAt) throw error;
      await sleep(lookAgainMs);
    }
  }
}

/** Throws `CannotStart` when there is no such topic, or when it keeps what is to be forgotten. */
export function checkSignalsTopic(options: Options): Promise<void> {
  return ask(options, (admin) => check(admin, options.topic));
}

function ask<T>(options: Options, work: (admin: Admin) => Promise<T>): Promise<T> {
  return withAdmin(createKafkaClient({ ...options, requestTimeoutMs }), options.brokers, work);
}

async function check(admin: Admin, topic: string): Promise<void> {
  const partitions = await countPartitions(admin, topic);
  if (partitions === null) {
    throw new NoSignalsTopic(`KAFKA_SIGNALS_TOPIC: there is no topic ${topic}; make it with: npm run migrate`);
  }
  const faults: string[] = [];
  const fault = (what: string): void => void faults.push(`KAFKA_SIGNALS_TOPIC: the topic ${topic} ${what}`);
  if (partitions !== 1) fault(`has ${partitions} partitions; expected 1`);
  const settings = await effectiveSettings(admin, topic);
  const policy = settings.get("cleanup.policy") ?? "unknown";
  if (policy !== "delete") fault(`has cleanup.policy=${policy}; expected delete`);
  const retention = Number(settings.get("retention.ms"));
  if (!(retention > 0 && retention <= maxRetentionMs)) {
    fault(`keeps its records for too long: retention.ms=${retention}; expected at most ${maxRetentionMs}`);
  }
  if (faults.length > 0) throw new CannotStart(faults);
}
