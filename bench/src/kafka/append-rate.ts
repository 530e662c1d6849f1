import { randomUUID } from "node:crypto";
import type { EventLog } from "@chat/shared/log/event-log";
import { leadPartition } from "@chat/shared/log/partition-writer";
import { startOfPartition } from "@chat/shared/log/position";

/** About what a short message takes as an encoded event. */
const valueBytes = 300;

/** Appends one batch to one partition and waits until it is settled. */
export type AppendBatch = (partition: number, values: readonly string[]) => Promise<unknown>;

export interface Load {
  readonly partitions: number;
  readonly batch: number;
  readonly seconds: number;
}

/** Every partition of the log led, as by an instance of command-api that is alone. */
export async function leadAll(log: EventLog): Promise<AppendBatch> {
  const leaders = await Promise.all(
    Array.from({ length: log.partitions }, (_, partition) =>
      leadPartition({ log, partition, writer: "bench", electionId: randomUUID() }, startOfPartition, () => undefined),
    ),
  );
  return async (partition, values) => {
    await leaders[partition]?.append(values.map((value) => ({ key: "chat", value })));
  };
}

/** Records a second, one batch in flight per partition, over `seconds`. */
export async function appendRate(append: AppendBatch, { partitions, batch, seconds }: Load): Promise<number> {
  const values = Array.from({ length: batch }, () => JSON.stringify({ text: "x".repeat(valueBytes) }));
  const startedAt = performance.now();
  const endAt = startedAt + seconds * 1_000;
  let records = 0;
  const keepAppending = async (partition: number): Promise<void> => {
    while (performance.now() < endAt) {
      await append(partition, values);
      records += values.length;
    }
  };
  await Promise.all(Array.from({ length: partitions }, (_, partition) => keepAppending(partition)));
  return (records * 1_000) / (performance.now() - startedAt);
}
