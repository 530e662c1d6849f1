import { Kafka, logLevel } from "kafkajs";
import { eventually } from "./eventually.ts";
import { specBroker } from "./with-kafka.ts";

/** Topics of the run's broker, as somebody else may make and fill them. */
export interface SpecTopics {
  make(topic: string, partitions: number): Promise<void>;
  put(topic: string, partition: number, value: string): Promise<void>;
  /** The next offset of a partition; rejects when there is no such topic. */
  end(topic: string, partition: number): Promise<number>;
  close(): Promise<void>;
}

export async function openSpecTopics(): Promise<SpecTopics> {
  const kafka = new Kafka({ brokers: [specBroker()], logLevel: logLevel.NOTHING });
  const [admin, producer] = [kafka.admin(), kafka.producer()];
  await Promise.all([admin.connect(), producer.connect()]);
  const forEver = [
    { name: "retention.ms", value: "-1" },
    { name: "max.message.bytes", value: "4194304" },
  ];
  return {
    async make(topic, numPartitions) {
      // kafkajs' own wait for leaders fails when the broker that it asks has not heard of the topic yet.
      await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions, configEntries: forEver }] });
      await eventually(() => admin.fetchTopicOffsets(topic));
    },
    async put(topic, partition, value) {
      await producer.send({ topic, messages: [{ partition, value }] });
    },
    async end(topic, partition) {
      const offsets = await admin.fetchTopicOffsets(topic);
      return Number(offsets.find((found) => found.partition === partition)?.high ?? 0);
    },
    async close() {
      await Promise.all([admin.disconnect(), producer.disconnect()]);
    },
  };
}
