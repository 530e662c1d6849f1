import { randomUUID } from "node:crypto";
import { type Admin, Kafka, logLevel } from "kafkajs";
import type { EventLog } from "../log/event-log.ts";
import { createKafkaLog } from "../log/kafka/create-kafka-log.ts";
import { openKafkaLog } from "../log/kafka/kafka-log.ts";
import { settingsFor, type Durability } from "../log/kafka/topic-settings.ts";
import { createLogger } from "../telemetry/logger.ts";

const silent = createLogger({ service: "spec", level: "silent" });

export interface SpecTopic {
  readonly broker: string;
  readonly topic: string;
  /** For what no service may do: delete records, topics, write past the rules. */
  readonly kafka: Kafka;
  admin<T>(work: (admin: Admin) => Promise<T>): Promise<T>;
  /** Opens the log, by way of another address if one is given; it is closed at the end. */
  open(broker?: string): Promise<EventLog>;
}

interface Options {
  /** Several separated by commas. */
  readonly broker?: string;
  readonly logId?: string;
  readonly partitions?: number;
  readonly durability?: Durability;
}

/** Runs `fn` with a log, of 4 partitions unless told otherwise, in a topic of its own on the run's broker. */
export async function withKafkaLog<T>(fn: (topic: SpecTopic) => Promise<T>, options: Options = {}): Promise<T> {
  const { broker = specBroker(), logId = "a-log", partitions = 4, durability = "single" } = options;
  const topic = `spec-${randomUUID()}`;
  const kafka = new Kafka({ brokers: broker.split(","), logLevel: logLevel.NOTHING });
  const opened: EventLog[] = [];
  const common = { topic, durability, clientId: "spec", log: silent } as const;
  const admin = async <R>(work: (connected: Admin) => Promise<R>): Promise<R> => {
    const connected = kafka.admin();
    await connected.connect();
    return work(connected).finally(() => connected.disconnect());
  };
  await createKafkaLog({ ...common, brokers: broker.split(","), logId, partitions });
  try {
    return await fn({
      broker,
      topic,
      kafka,
      admin,
      async open(by = broker) {
        const log = await openKafkaLog({ ...common, brokers: by.split(",") });
        opened.push(log);
        return log;
      },
    });
  } finally {
    await Promise.all(opened.map((log) => log.close()));
    // A topic that a spec has deleted is gone already.
    await admin((connected) => connected.deleteTopics({ topics: [topic] })).catch(() => undefined);
  }
}

/** As a migration leaves it that was killed between making the topic and writing its first records. Returns its name. */
export async function createEmptyTopic(numPartitions: number): Promise<string> {
  const topic = `spec-${randomUUID()}`;
  const admin = new Kafka({ brokers: specBroker().split(","), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions, configEntries: settingsFor("single") }] });
  await admin.disconnect();
  return topic;
}

export function specBroker(): string {
  const broker = process.env["SPEC_KAFKA_BROKER"];
  if (broker === undefined) throw new Error("no Kafka: specs that need one end in .containers.spec.ts");
  return broker;
}

/** Whoever comes by 127.0.0.1:`port` is to be passed on to `target`: see `tcp-detour.ts`. */
export function specDetour(): { port: number; target: { host: string; port: number } } {
  const detour = process.env["SPEC_KAFKA_DETOUR"];
  if (detour === undefined) throw new Error("no Kafka: specs that need one end in .containers.spec.ts");
  return JSON.parse(detour) as { port: number; target: { host: string; port: number } };
}
