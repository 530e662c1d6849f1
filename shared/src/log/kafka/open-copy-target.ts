import { CannotStart } from "../../cannot-start.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { CopyTarget } from "../copy-log.ts";
import { createAppender } from "./append-records.ts";
import { awaitEnds, awaitPartitions, makeTopic } from "./create-kafka-log.ts";
import { createKafkaClient } from "./kafka-client.ts";
import type { KafkaLogAddress } from "./kafka-connection.ts";
import { createOffsets } from "./offsets.ts";
import { createReaders } from "./read-records.ts";
import { checkTopicSettings } from "./topic-settings.ts";
import { withAdmin } from "./with-admin.ts";

/** Large batches one after the other, beside whatever else the brokers do. */
const requestTimeoutMs = 10_000;

interface Options extends KafkaLogAddress {
  readonly partitions: number;
  readonly clientId: string;
  readonly log: Logger;
}

export interface KafkaCopyTarget extends CopyTarget {
  /** Tells this topic from one of the same name elsewhere: `<cluster's id>/<topic>`. */
  readonly where: string;
  close(): Promise<void>;
}

/**
 * A topic for the copy of a log, made if there is none. Throws `CannotStart` when no broker answers, when it has another
 * number of partitions, or when its settings promise less than `durability`. It may be empty or hold anything.
 */
export async function openCopyTarget(options: Options): Promise<KafkaCopyTarget> {
  const { brokers, topic, partitions, durability, clientId, log } = options;
  const kafka = createKafkaClient({ ...options, requestTimeoutMs });
  const cluster = await withAdmin(kafka, brokers, async (admin) => {
    await makeTopic(admin, options);
    const found = await awaitPartitions(admin, topic);
    if (found !== partitions) {
      throw new CannotStart(
        `KAFKA_TOPIC: the topic ${topic} has ${found} partitions, but the log has ${partitions}: ` +
          "delete it, and this command makes it, or name another",
      );
    }
    await checkTopicSettings(admin, topic, durability, log);
    await awaitEnds(admin, options, 0);
    return (await admin.describeCluster()).clusterId;
  });
  const offsets = createOffsets(kafka, topic);
  const readers = createReaders({ kafka, topic, partitions, offsets, clientId });
  const appender = await createAppender(kafka, topic);
  return {
    where: `${cluster}/${topic}`,
    append: appender.append,
    ends: async () => (await offsets.ranges()).map(({ end }) => end),
    read: readers.read,
    async close() {
      await readers.close();
      await Promise.all([appender.close(), offsets.close()]);
    },
  };
}
