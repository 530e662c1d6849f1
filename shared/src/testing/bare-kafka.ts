import { randomUUID } from "node:crypto";
import { Kafka, logLevel } from "kafkajs";

/** kafkajs alone: what is lost to the log's rules is measured against it. */
export interface BareKafka {
  /** One batch to one partition, acknowledged by all replicas. */
  send(partition: number, values: readonly string[]): Promise<void>;
  /** From sending one record to its coming back, so many times, one after the other, in milliseconds. */
  latencies(count: number): Promise<readonly number[]>;
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
    async latencies(count) {
      const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 100 });
      let arrived: (value: string) => void = () => undefined;
      const came = (value: string) =>
        new Promise<void>((resolve) => {
          arrived = (found) => {
            if (found === value) resolve();
          };
        });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachMessage: async ({ message }) => arrived(message.value?.toString() ?? ""),
      });
      const took: number[] = [];
      for (let number = 0; number < count; number += 1) {
        const value = `record ${number}`;
        const arrival = came(value);
        const startedAt = performance.now();
        await producer.send({ topic, messages: [{ partition: 0, key: "chat", value }], acks: -1 });
        await arrival;
        // The first one waits until the group has been joined.
        if (number > 0) took.push(performance.now() - startedAt);
      }
      await consumer.disconnect();
      return took;
    },
    async close() {
      await producer.disconnect();
      await admin.deleteTopics({ topics: [topic] });
      await admin.disconnect();
    },
  };
}
