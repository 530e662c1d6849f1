import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually } from "../../testing/eventually.ts";
import { type KafkaCluster, startKafkaCluster } from "../../testing/kafka-container.ts";
import { whileWriting } from "../../testing/tail-and-write.ts";
import { type SpecTopic, withKafkaLog } from "../../testing/with-kafka.ts";

/** A broker that was killed is missed after nine seconds. */
const within = { within: 60_000 };
const PARTITIONS = [0, 1, 2, 3];
const BROKERS = [1, 2, 3];
const limitMs = 240_000;

describe("three brokers, three replicas, two in sync", () => {
  let cluster: KafkaCluster;
  beforeAll(async () => {
    cluster = await startKafkaCluster();
  }, limitMs);
  afterAll(() => cluster.stop(), limitMs);

  const onCluster = (use: (topic: SpecTopic) => Promise<void>): Promise<void> =>
    withKafkaLog(use, { broker: cluster.brokers.map(({ broker }) => broker).join(), durability: "replicated" });

  it(
    "loses, doubles and skips nothing while leaders move",
    () =>
      onCluster(async (spec) => {
        await checkNothingIsLost(spec, async () => {
          for (const first of [2, 3, 1]) await moveLeaders(spec, first);
        });
      }),
    limitMs,
  );

  it(
    "goes on without the broker that was killed",
    () =>
      onCluster(async (spec) => {
        const [, , last] = cluster.brokers;
        await checkNothingIsLost(spec, async () => {
          await last?.kill();
          await eventually(async () => expect(await leaders(spec)).not.toContain(3), within);
        });
        await last?.startAgain();
      }),
    limitMs,
  );
});

async function checkNothingIsLost(spec: SpecTopic, disturb: () => Promise<void>): Promise<void> {
  const { seen, written, stop } = await whileWriting(await spec.open(), disturb);
  await eventually(() => expect(seen.length).toBeGreaterThanOrEqual(written.flat().length), within);
  for (const partition of PARTITIONS) {
    expect(seen.filter((value) => value.startsWith(`${partition}.`))).toEqual(written[partition]);
  }
  await stop();
}

async function leaders({ admin, topic }: SpecTopic): Promise<number[]> {
  const { topics } = await admin((connected) => connected.fetchTopicMetadata({ topics: [topic] }));
  return (topics[0]?.partitions ?? []).map(({ leader }) => leader);
}

/** Makes `first` the preferred leader of all partitions and waits until it leads them. */
async function moveLeaders(spec: SpecTopic, first: number): Promise<void> {
  const replicas = [first, ...BROKERS.filter((id) => id !== first)];
  const partitionAssignment = PARTITIONS.map((partition) => ({ partition, replicas }));
  await spec.admin((connected) =>
    connected.alterPartitionReassignments({ topics: [{ topic: spec.topic, partitionAssignment }] }),
  );
  await eventually(async () => expect(new Set(await leaders(spec))).toEqual(new Set([first])), within);
}
