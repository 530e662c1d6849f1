import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { eventually } from "../../testing/eventually.ts";
import { type KafkaDetour, startKafkaDetour } from "../../testing/kafka-detour.ts";
import { type SpecTopic, specDetour, withKafkaLog } from "../../testing/with-kafka.ts";
import { LogHalted, type EventLog } from "../event-log.ts";
import { readEvents } from "../fenced-reader.ts";
import { Fenced, leadPartition, OutcomeUnknown, type Leadership } from "../partition-writer.ts";
import { startOfPartition, type Position } from "../position.ts";

/** What was waited for takes seconds on a busy machine, not minutes. */
const within = { within: 30_000 };

describe("the log in Kafka behind a wire that loses and delays", () => {
  let detour: KafkaDetour;
  const { port, target } = specDetour();
  const by = `127.0.0.1:${port}`;

  beforeEach(async () => {
    detour = await startKafkaDetour(port, target);
  });
  afterEach(() => detour.close());

  it("calls an append whose answer was lost unknown, and finds it at the next Election", () =>
    withKafkaLog(async ({ open }) => {
      const log = await open(by);
      const first = await lead(log, "a");
      await first.append([event("settled")]);
      detour.treatAppends("lose");
      await expect(first.append([event("doubtful")])).rejects.toThrow(OutcomeUnknown);
      expect(detour.lost()).toBe(1);
      detour.treatAppends("pass");
      const learned: string[] = [];
      const second = await lead(log, "a", first.position(), learned);
      expect(learned).toEqual(["doubtful"]);
      await second.append([event("later")]);
      expect(await readValues(log, 3)).toEqual(["settled", "doubtful", "later"]);
    }));

  it("drops an append that arrives after the next Election, and its successor settles over it", () =>
    withKafkaLog(async ({ open }) => {
      const log = await open(by);
      const first = await lead(log, "a");
      detour.treatAppends("hold");
      await expect(first.append([event("late")])).rejects.toThrow(OutcomeUnknown);
      expect(detour.held()).toBe(1);
      detour.treatAppends("pass");
      const learned: string[] = [];
      const second = await lead(log, "a", first.position(), learned);
      expect(learned).toEqual([]);
      await detour.release();
      expect((await log.ends())[0]).toBe(second.position().offset + 1);
      const { baseOffset } = await second.append([event("in time")]);
      expect(baseOffset).toBe(second.epoch.offset + 2);
      expect(await readValues(log, 1)).toEqual(["in time"]);
    }));

  it("takes a late Election of its own for what it is: the end of its reign", () =>
    withKafkaLog(async ({ open }) => {
      const log = await open(by);
      detour.treatAppends("hold");
      await expect(lead(log, "a")).rejects.toThrow(OutcomeUnknown);
      detour.treatAppends("pass");
      const second = await lead(log, "a");
      await detour.release();
      await expect(second.append([event("void")])).rejects.toThrow(Fenced);
    }));

  it("doubts all partitions whose appends shared the lost answer, and no other", () =>
    withKafkaLog(async ({ open }) => {
      const log = await open(by);
      const leadOf = (partition: number) => lead(log, "a", startOfPartition, [], partition);
      const [left, right, other] = await Promise.all([leadOf(0), leadOf(1), leadOf(2)]);
      detour.treatAppends("lose");
      const outcomes = await Promise.allSettled([left.append([event("doubtful")]), right.append([event("doubtful")])]);
      expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
      expect(detour.lost()).toBe(1);
      detour.treatAppends("pass");
      await other.append([event("settled")]);
      const learned: string[] = [];
      await Promise.all([0, 1].map((partition) => lead(log, "a", startOfPartition, learned, partition)));
      expect(learned).toEqual(["doubtful", "doubtful"]);
    }));
});

describe("a topic that somebody has touched", () => {
  it("halts a reader whose records have been deleted", () =>
    withKafkaLog(async ({ open, admin, topic }) => {
      const log = await open();
      const leader = await lead(log, "a");
      for (let index = 0; index < 5; index += 1) await leader.append([event(String(index))]);
      await admin(async (connected) => {
        // kafkajs deletes records only of a topic that it has been asked about before.
        await connected.fetchTopicOffsets(topic);
        await connected.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "4" }] });
      });
      await expect(readRaw(log, 2)).rejects.toThrow(/begins at 4: what was to be read has been deleted/);
      await expect(readRaw(log, 4)).resolves.toBe(4);
    }));

  it("halts a reader and a writer when the topic was deleted and made anew", () =>
    withKafkaLog(async (spec) => {
      const log = await spec.open();
      const leader = await lead(log, "a");
      for (let index = 0; index < 5; index += 1) await leader.append([event(String(index))]);
      const reading = readForEver(log, leader.position().offset);
      await remake(spec);
      await expect(reading).rejects.toThrow(LogHalted);
      const again = eventually(
        () =>
          lead(log, "a", leader.position()).then(
            () => "led",
            (error: unknown) => {
              if (error instanceof LogHalted) return "halted";
              throw error;
            },
          ),
        within,
      );
      expect(await again).toBe("halted");
    }));

  it("halts at a hole: what Kafka cannot show was written by none of us", () =>
    withKafkaLog(async ({ open, kafka, topic }) => {
      const log = await open();
      const leader = await lead(log, "a");
      await leader.append([event("before")]);
      // An aborted transaction leaves offsets that no reader is shown.
      const stranger = kafka.producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1 });
      await stranger.connect();
      const transaction = await stranger.transaction();
      await transaction.send({ topic, messages: [{ partition: 0, value: "void" }] });
      await transaction.abort();
      await stranger.disconnect();
      await expect(leader.append([event("after")])).rejects.toThrow(/the log has a hole/);
      await expect(readRaw(log, 3)).rejects.toThrow(LogHalted);
    }));

  it("halts at a record that none of us has written", () =>
    withKafkaLog(async ({ open, kafka, topic }) => {
      const log = await open();
      const stranger = kafka.producer();
      await stranger.connect();
      await stranger.send({ topic, messages: [{ partition: 0, key: "k", value: "hello" }] });
      await stranger.disconnect();
      await expect(readRaw(log, 1)).rejects.toThrow(/none of ours/);
    }));
});

const event = (value: string) => ({ key: "chat", value });

function lead(
  log: EventLog,
  writer: string,
  from: Position = startOfPartition,
  learned: string[] = [],
  partition = 0,
): Promise<Leadership> {
  const electionId = `${writer}-${Math.random().toString(36).slice(2)}`;
  return leadPartition({ log, partition, writer, electionId }, from, ({ events }) => {
    learned.push(...events.map(({ value }) => value));
  });
}

async function readValues(log: EventLog, count: number): Promise<string[]> {
  const values: string[] = [];
  const stop = new AbortController();
  for await (const { events } of readEvents(log, new Map([[0, startOfPartition]]), stop.signal)) {
    values.push(...events.map(({ value }) => value));
    if (values.length >= count) break;
  }
  return values;
}

/** The offset of the first record from `offset` on. */
async function readRaw(log: EventLog, offset: number): Promise<number | undefined> {
  for await (const { records } of log.read(new Map([[0, offset]]), new AbortController().signal)) {
    return records[0]?.offset;
  }
  return undefined;
}

/** As services do: what is not `LogHalted` is tried again. */
async function readForEver(log: EventLog, offset: number): Promise<void> {
  for (;;) {
    try {
      await readRaw(log, offset);
      return;
    } catch (error) {
      if (error instanceof LogHalted) throw error;
    }
  }
}

async function remake({ admin, topic }: SpecTopic): Promise<void> {
  await admin(async (connected) => {
    await connected.deleteTopics({ topics: [topic] });
    await eventually(() => connected.createTopics({ topics: [{ topic, numPartitions: 4 }] }), within);
  });
}
