import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { CannotStart } from "../cannot-start.ts";
import { copyLog, type CopySource, type CopyTarget } from "./copy-log.ts";
import { LogHalted, type EventRecord, type LogRecord, type StoredRecord } from "./event-log.ts";
import { positionAfter } from "./fence.ts";
import { admit } from "./fenced-reader.ts";
import { createMemoryLog, type MemoryLog } from "./memory/memory-log.ts";
import { startOfPartition, type Epoch, type Position } from "./position.ts";

const pageRecords = 7;
const runs = { numRuns: 40 };
const going = new AbortController().signal;

/** What happens in a log: somebody is elected, who reigns appends, or one who has lost does, as only Kafka lets him. */
const happening = fc.oneof(
  fc.record({ kind: fc.constant("election" as const), writer: fc.constantFrom("a", "b") }),
  fc.record({
    kind: fc.constantFrom("append" as const, "late append" as const),
    values: fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 4 }),
  }),
);
const histories = fc.array(fc.array(happening, { maxLength: 12 }), { minLength: 1, maxLength: 3 });
type Histories = readonly (readonly (typeof happening extends fc.Arbitrary<infer T> ? T : never)[])[];

describe("a copy of a log", () => {
  it("has every record at its place, ends with an Election, and means the same to whoever reads on from anywhere", () =>
    fc.assert(
      fc.asyncProperty(histories, async (happened) => {
        const source = await sealed(happened);
        const target = emptyTarget(source);
        await copy(source, target);
        checkIsCopy(source, target);
      }),
      runs,
    ));

  it("goes on after it was cut before or behind any append, again and again", () =>
    fc.assert(
      fc.asyncProperty(histories, fc.array(fc.tuple(fc.nat(6), fc.boolean())), async (happened, cuts) => {
        const source = await sealed(happened);
        const target = emptyTarget(source);
        for (const [appends, isWritten] of cuts) {
          const said = await copy(source, cutting(target, appends, isWritten)).then(
            () => "it was not cut: no need to run the same command again",
            (error: unknown) => String(error),
          );
          expect(said).toMatch(/run the same command again/);
        }
        await copy(source, target);
        checkIsCopy(source, target);
        const whole = structuredClone(target.records);
        await copy(source, target);
        expect(target.records).toEqual(whole);
      }),
      runs,
    ));

  it("shows nobody what a copier that was cut had still on its way", () =>
    fc.assert(
      fc.asyncProperty(histories, fc.nat(), fc.nat(3), async (happened, at, count) => {
        const source = await sealed(happened);
        const target = emptyTarget(source);
        await copy(source, target);
        const records = target.records[0] ?? [];
        const late = records.slice(1).slice(at % records.length, (at % records.length) + count);
        await target.append(0, late.map(withoutOffset) as EventRecord[]);
        const expected = eventsOf(source, source.records[0] ?? []);
        expect(eventsOf(source, target.records[0] ?? []).events).toEqual(expected.events);
      }),
      runs,
    ));

  it("is refused where one record is another, in any of its parts, or stands behind the end", () =>
    fc.assert(
      fc.asyncProperty(histories, fc.nat(), fc.nat(), async (happened, at, part) => {
        const source = await sealed(happened);
        const target = emptyTarget(source);
        await copy(source, target);
        const records = target.records[0] ?? [];
        const index = at % (records.length + 1);
        records[index] = altered(records[index], part, index);
        const before = structuredClone(target.records);
        await expect(copy(source, target)).rejects.toThrow(/^the topic is void for this copy: partition 0/);
        expect(target.records).toEqual(before);
      }),
      runs,
    ));

  it("is void once a record has landed elsewhere than expected", async () => {
    const source = await sealed([[{ kind: "election", writer: "a" }], []]);
    const target = emptyTarget(source);
    const crowded: CopyTarget = {
      ...target,
      async append(partition, records) {
        if (partition === 1) await target.append(1, [{ kind: "election", logId: "a-log", writer: "x", id: "x" }]);
        return target.append(partition, records as EventRecord[]);
      },
    };
    await expect(copy(source, crowded)).rejects.toThrow(/for offset 0 landed at 1: somebody else writes; delete it/);
  });

  it("halts when the source has a hole, or is shorter than it says", async () => {
    for (const take of [
      (records: StoredRecord[]) => records.splice(1, 1),
      (records: StoredRecord[]) => records.splice(-1, 1),
    ]) {
      const source = await sealed([[{ kind: "election", writer: "a" }]]);
      take(source.records[0] ?? []);
      await expect(copy(source, emptyTarget(source))).rejects.toThrow(LogHalted);
    }
  });

  it("stops when it is told to, and says how to go on", async () => {
    const source = await sealed([[{ kind: "election", writer: "a" }], []]);
    const target = emptyTarget(source);
    const refused = copy(source, target, AbortSignal.abort());
    await expect(refused).rejects.toThrow(CannotStart);
    await expect(refused).rejects.toThrow(/stopped before the end: run the same command again/);
    await copy(source, target);
    checkIsCopy(source, target);
  });

  it("carries large events in appends of bounded size, and tells of each record once", async () => {
    const values = Array.from({ length: 40 }, (_, n) => String(n).padEnd(60_000, "я"));
    const source = await sealed([
      [
        { kind: "election", writer: "a" },
        { kind: "append", values },
      ],
    ]);
    const target = emptyTarget(source);
    const sizes: number[] = [];
    let copied = 0;
    const watched: CopyTarget = {
      ...target,
      append(partition, records) {
        sizes.push(Buffer.byteLength(JSON.stringify(records)));
        return target.append(partition, records as EventRecord[]);
      },
    };
    await copy(source, watched, going, (records) => (copied += records));
    expect(Math.max(...sizes)).toBeLessThan(600_000);
    expect(sizes.length).toBeGreaterThan(8);
    expect(copied).toBe(source.ends[0]);
    checkIsCopy(source, target);
  });
});

interface SealedMemory extends CopySource {
  readonly records: StoredRecord[][];
}

async function sealed(happened: Histories): Promise<SealedMemory> {
  const log = createMemoryLog({ id: "a-log", partitions: happened.length });
  for (const [partition, history] of happened.entries()) await live(log, partition, history);
  const { records } = log;
  return {
    id: log.id,
    partitions: log.partitions,
    records,
    ends: await log.ends(),
    async *read(partition) {
      const of = records[partition] ?? [];
      for (let from = 0; from < of.length; from += pageRecords) yield of.slice(from, from + pageRecords);
    },
  };
}

async function live(log: MemoryLog, partition: number, history: Histories[number]): Promise<void> {
  const reigns: Epoch[] = [];
  let position = positionAfter(startOfPartition, { kind: "log-created", offset: 0 } as StoredRecord);
  let elections = 0;
  const append = async (records: Parameters<MemoryLog["append"]>[1]): Promise<void> => {
    await log.append(partition, records);
    for (const record of records) position = positionAfter(position, { ...record, offset: position.offset });
  };
  const elect = async (writer: string): Promise<void> => {
    await append([{ kind: "election", logId: log.id, writer, id: `${writer}${String((elections += 1))}` }]);
    if (position.epoch !== null) reigns.push(position.epoch);
  };
  for (const step of history) {
    if (step.kind === "election") await elect(step.writer);
    const epoch = step.kind === "late append" ? reigns[0] : reigns.at(-1);
    if (step.kind === "election" || epoch === undefined) continue;
    await append(step.values.map((value) => ({ kind: "event" as const, epoch, key: `chat ${value}`, value })));
  }
  await elect("log copy");
}

function emptyTarget({ id, partitions }: CopySource): MemoryLog {
  const log = createMemoryLog({ id, partitions });
  for (const records of log.records) records.length = 0;
  return log;
}

/** Breaks at the append with this number, before it is written or behind that. */
function cutting(target: MemoryLog, appends: number, isWritten: boolean): CopyTarget {
  let left = appends;
  return {
    ...target,
    async append(partition, records) {
      left -= 1;
      if (left >= 0 || isWritten) await target.append(partition, records as EventRecord[]);
      if (left < 0) throw new Error("the connection was cut");
      return { status: "appended", baseOffset: (target.records[partition]?.length ?? 0) - records.length };
    },
  };
}

let copiers = 0;

function copy(
  source: CopySource,
  target: CopyTarget | MemoryLog,
  signal = going,
  copied: (records: number) => void = () => undefined,
): Promise<void> {
  return copyLog({
    source,
    target,
    targetName: "the topic",
    election: (logId) => ({ kind: "election", logId, writer: "log copy", id: `copier${String((copiers += 1))}` }),
    copied,
    signal,
  });
}

function checkIsCopy(source: SealedMemory, target: MemoryLog): void {
  for (const [partition, records] of source.records.entries()) {
    const copied = target.records[partition] ?? [];
    expect(copied.slice(0, -1)).toEqual(records);
    expect(copied.at(-1)).toMatchObject({ kind: "election", writer: "log copy", offset: records.length });
    const before = eventsOf(source, records);
    const after = eventsOf(source, copied);
    expect(after.events).toEqual(before.events);
    expect(after.positions.slice(0, -1)).toEqual(before.positions);
    for (const at of before.positions) {
      const rest = admit(target, at, { partition, records: copied.slice(at.offset), next: copied.length });
      expect(rest.events).toEqual(before.events.filter(({ offset }) => offset >= at.offset));
    }
  }
}

/** What a reader makes of it, and where he stood behind each record. */
function eventsOf(log: CopySource, records: readonly StoredRecord[]) {
  const events: StoredRecord[] = [];
  const positions: Position[] = [startOfPartition];
  const judging = createMemoryLog(log);
  const partition = records[0]?.kind === "log-created" ? records[0].partition : 0;
  for (const record of records) {
    const from = positions.at(-1) ?? startOfPartition;
    const batch = admit(judging, from, { partition, records: [record], next: record.offset + 1 });
    events.push(...batch.events);
    positions.push(batch.next);
  }
  return { events, positions };
}

function withoutOffset({ offset: _, ...record }: StoredRecord): LogRecord {
  return record;
}

function altered(record: StoredRecord | undefined, part: number, offset: number): StoredRecord {
  switch (record?.kind) {
    case undefined:
      return { kind: "election", logId: "a-log", writer: "a", id: "one too many", offset };
    case "log-created":
      return { ...record, ...([{ logId: "another" }, { partition: 7 }, { partitions: 99 }][part % 3] ?? {}) };
    case "election":
      return { ...record, ...([{ logId: "another" }, { writer: "another" }][part % 2] ?? {}) };
    case "event": {
      const { key, value, epoch } = record;
      const ways = [{ key: `${key} ` }, { value: `${value} ` }, { epoch: { ...epoch, id: `${epoch.id}-` } }];
      return { ...record, ...(ways[part % 3] ?? {}) };
    }
  }
}
