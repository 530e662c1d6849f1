import { describe, expect, it } from "@jest/globals";
import { LogHalted, type EventLog, type StoredRecord } from "./event-log.ts";
import { readEvents, type EventBatch } from "./fenced-reader.ts";
import { createMemoryLog, type MemoryLog } from "./memory/memory-log.ts";
import { leadPartition, type Leadership } from "./partition-writer.ts";
import { startOfPartition, type Position } from "./position.ts";

describe("the shared reader", () => {
  it("gives events of the reigning epoch only, and moves past all that it drops", async () => {
    const log = createMemoryLog({ id: "a-log", partitions: 1 });
    const first = await lead(log, "a");
    await first.append([event("1")]);
    const second = await lead(log, "b");
    await log.append(0, [{ kind: "event", epoch: first.epoch, key: "chat", value: "void" }]);
    await log.append(0, [{ kind: "event", epoch: second.epoch, key: "chat", value: "2" }]);
    const batches = await read(log, startOfPartition, 6);
    expect(valuesOf(batches)).toEqual(["1", "2"]);
    expect(batches.at(-1)?.next).toEqual({ offset: 6, epoch: second.epoch });
  });

  it("goes on from a checkpoint in the middle of a reign, knowing whose it is", async () => {
    const log = createMemoryLog({ id: "a-log", partitions: 1 });
    const leader = await lead(log, "a");
    await leader.append([event("1"), event("2")]);
    expect(valuesOf(await read(log, { offset: 3, epoch: leader.epoch }, 4))).toEqual(["2"]);
    await expect(read(log, { offset: 3, epoch: { ...leader.epoch, id: "another" } }, 4)).rejects.toThrow(LogHalted);
  });

  it("tells where it is after a batch without events too", async () => {
    const log = createMemoryLog({ id: "a-log", partitions: 1 });
    const leader = await lead(log, "a");
    expect(await read(log, startOfPartition, 2)).toEqual([
      { partition: 0, events: [], next: { offset: 2, epoch: leader.epoch } },
    ]);
  });

  it("takes batches that skip records at their end, and none that go back", async () => {
    const log = createMemoryLog({ id: "a-log", partitions: 1 });
    const { epoch } = await lead(log, "a");
    const from = { offset: 2, epoch };
    expect((await read(answering(log, [], 9), from, 9)).at(-1)?.next).toEqual({ offset: 9, epoch });
    await expect(read(answering(log, [], 1), from, 9)).rejects.toThrow("went backwards");
  });

  it("halts when it was asked for a place beyond the end", async () => {
    const log = createMemoryLog({ id: "a-log", partitions: 1 });
    await expect(read(log, { offset: 9, epoch: null }, 10)).rejects.toThrow(LogHalted);
  });

  it("halts when the log was cut and has grown past it again, at the next reign's first event at the latest", async () => {
    const log = createMemoryLog({ id: "a-log", partitions: 1 });
    const first = await lead(log, "a");
    await first.append([event("1"), event("lost")]);
    const known: Position = { offset: 4, epoch: first.epoch };
    log.records[0]?.splice(3);
    await lead(log, "b");
    const third = await lead(log, "c");
    await third.append([event("2")]);
    // What stands at 4 now is an Election: any reader takes that, and this one has missed the one before it.
    expect(log.records[0]?.[4]?.kind).toBe("election");
    await expect(read(log, known, 6)).rejects.toThrow("other Elections");
    expect(valuesOf(await read(log, startOfPartition, 6))).toEqual(["1", "2"]);
  });
});

const event = (value: string) => ({ key: "chat", value });
const lead = (log: MemoryLog, electionId: string): Promise<Leadership> =>
  leadPartition({ log, partition: 0, writer: electionId, electionId }, startOfPartition, () => undefined);
const valuesOf = (batches: readonly EventBatch[]): string[] =>
  batches.flatMap(({ events }) => events.map(({ value }) => value));

async function read(log: EventLog, from: Position, upTo: number): Promise<EventBatch[]> {
  const stop = new AbortController();
  const batches: EventBatch[] = [];
  for await (const batch of readEvents(log, new Map([[0, from]]), stop.signal)) {
    batches.push(batch);
    if (batch.next.offset >= upTo) break;
  }
  stop.abort();
  return batches;
}

function answering(log: EventLog, records: StoredRecord[], next: number): EventLog {
  return {
    ...log,
    async *read() {
      yield { partition: 0, records, next };
    },
  };
}
