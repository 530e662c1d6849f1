import { randomUUID } from "node:crypto";
import { Kafka, logLevel } from "kafkajs";

/** kafkajs alone: what is lost to the log's rules is measured against it. */
export interface BareKafka {
  /** One batch to one partition, acknowledged by all replicas. */
  send(partition: number, values: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** A topic of its own, and one producer for all partitions, as the library's own page has it. */
export async function openBareKafka(broker: string, partitions: number): Promise<BareKafka> {
  const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING });
  const topic = `bare-${randomUUID()}`;
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] });
  const producer = kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  await producer.connect();
  return {
    async send(partition, values) {
      const messages = values.map((value) => ({ partition, key: "chat", value }));
      await producer.send({ topic, messages, acks: -1 });
    },
    async close() {
      await producer.disconnect();
      await admin.deleteTopics({ topics: [topic] });
      await admin.disconnect();
    },
  };
}
