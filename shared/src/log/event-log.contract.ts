import { describe, expect, it } from "@jest/globals";
import { LogHalted, type EventLog, type StoredRecord } from "./event-log.ts";
import { readEvents, type StoredEvent } from "./fenced-reader.ts";
import { Fenced, leadPartition, OutcomeUnknown, type Leadership } from "./partition-writer.ts";
import { startOfPartition, type Position } from "./position.ts";

/** Gives the rules a fresh log of 4 partitions and takes it away afterwards. */
export type WithLog = (use: (log: EventLog) => Promise<void>) => Promise<void>;

/** The rules that every adapter of the log keeps, whatever it is made of. */
export function describeEventLog(name: string, withLog: WithLog): void {
  const rule = (title: string, keeps: (log: EventLog) => Promise<void>): void => {
    it(title, () => withLog(keeps));
  };

  describe(`the event log in ${name}`, () => {
    rule("begins every partition with LogCreated", async (log) => {
      for (let partition = 0; partition < log.partitions; partition += 1) {
        const [first] = await readRaw(log, partition, 0, 1);
        expect(first).toEqual({ kind: "log-created", logId: log.id, partition, partitions: log.partitions, offset: 0 });
      }
      expect(await log.ends()).toEqual([1, 1, 1, 1]);
    });

    rule("appends in one piece at dense offsets, and says where", async (log) => {
      const leader = await lead(log, 2, "a");
      expect(leader.epoch.offset).toBe(1);
      expect((await leader.append([event("x"), event("y")])).baseOffset).toBe(2);
      expect((await leader.append([event("z")])).baseOffset).toBe(4);
      expect(await log.ends()).toEqual([1, 1, 5, 1]);
      expect(await readValues(log, 2, startOfPartition, 3)).toEqual(["x", "y", "z"]);
    });

    rule("keeps every character of a value", async (log) => {
      const leader = await lead(log, 0, "a");
      const value = JSON.stringify({ text: `"\\ {,} ' \u0000 \u2028 Привет 👋 ${"x".repeat(20_000)}` });
      await leader.append([{ key: "чат", value }]);
      const [stored] = await readRaw(log, 0, 2, 1);
      expect(stored).toMatchObject({ kind: "event", key: "чат", value, offset: 2 });
    });

    rule("reads from any offset on and waits for what comes", async (log) => {
      const leader = await lead(log, 1, "a");
      await leader.append([event("before")]);
      const reading = readRaw(log, 1, 2, 2);
      await leader.append([event("after")]);
      expect((await reading).map((record) => record.kind === "event" && record.value)).toEqual(["before", "after"]);
    });

    rule("reads several partitions at once, each in order", async (log) => {
      const leaders = await Promise.all([0, 1, 2, 3].map((partition) => lead(log, partition, "a")));
      const counts = [1, 200, 700, 3];
      const from = new Map(counts.map((_, partition) => [partition, startOfPartition]));
      const reading = collect(
        log,
        from,
        counts.reduce((sum, count) => sum + count),
      );
      await Promise.all(
        leaders.map((leader, partition) =>
          leader.append(Array.from({ length: counts[partition] ?? 0 }, (_, index) => event(String(index)))),
        ),
      );
      const events = await reading;
      counts.forEach((count, partition) => {
        const values = events.filter((found) => found.partition === partition).map((found) => found.event.value);
        expect(values).toEqual(Array.from({ length: count }, (_, index) => String(index)));
      });
    });

    rule("gives readers at different speeds the same records", async (log) => {
      const leader = await lead(log, 0, "a");
      for (let round = 0; round < 20; round += 1)
        await leader.append([event(String(round)), event(`${String(round)}b`)]);
      const all = await readRaw(log, 0, 0, 42);
      expect(await readRaw(log, 0, 17, 25)).toEqual(all.slice(17));
      expect(all.map((record) => record.offset)).toEqual(Array.from({ length: 42 }, (_, offset) => offset));
    });

    rule("gives a patient reader the same records, lone ones too", async (log) => {
      const leader = await lead(log, 0, "a");
      const stop = new AbortController();
      const offsets: number[] = [];
      for await (const { records } of log.read(new Map([[0, 0]]), stop.signal, { patient: true })) {
        offsets.push(...records.map((record) => record.offset));
        if (offsets.length >= 8) break;
        // Most of them while it rests behind the one before.
        await leader.append([event(String(offsets.length))]);
      }
      stop.abort();
      expect(offsets).toEqual(offsets.map((_, index) => index));
    });

    rule("lets a partition that is far behind catch up while others are busy", async (log) => {
      const [quiet, ...busy] = await Promise.all([0, 1, 2, 3].map((partition) => lead(log, partition, "a")));
      const large = Array.from({ length: 100 }, () => event("x".repeat(10_000)));
      for (let index = 0; index < 15; index += 1) await quiet?.append(large);
      const stop = new AbortController();
      const writing = busy.map(async (leader) => {
        while (!stop.signal.aborted) {
          await leader.append([event("busy")]);
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
      let found = 0;
      for await (const batch of readEvents(log, new Map([0, 1, 2, 3].map((p) => [p, startOfPartition])), stop.signal)) {
        if (batch.partition === 0) found += batch.events.length;
        if (found >= 1_500) break;
        // A consumer that takes its time: whoever is busy has always something new by then.
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      stop.abort();
      await Promise.all(writing);
      expect(found).toBe(1_500);
    });

    rule("counts in its ends every append that was answered before", async (log) => {
      const leader = await lead(log, 3, "a");
      for (let index = 0; index < 10; index += 1) {
        const { next } = await leader.append([event(String(index))]);
        expect((await log.ends())[3]).toBe(next.offset);
      }
    });

    rule("stops a reader that stands past the end", async (log) => {
      await expect(readRaw(log, 0, 99, 1)).rejects.toThrow(LogHalted);
    });

    rule("ends a reading when it is told to", async (log) => {
      const stop = new AbortController();
      const reading = (async () => {
        for await (const batch of log.read(new Map([[0, 1]]), stop.signal)) expect(batch.records).toEqual([]);
      })();
      stop.abort();
      await reading;
    });

    rule("lets a writer learn all that was written before its own Election", async (log) => {
      const first = await lead(log, 0, "a");
      await first.append([event("1"), event("2")]);
      const learned: string[] = [];
      const second = await lead(log, 0, "b", startOfPartition, (found) => learned.push(found.value));
      expect(learned).toEqual(["1", "2"]);
      expect(second.position()).toEqual({ offset: 5, epoch: second.epoch });
    });

    rule("refuses a writer that was fenced, and shows nobody its records", async (log) => {
      const first = await lead(log, 0, "a");
      await first.append([event("1")]);
      const second = await lead(log, 0, "b");
      await expect(first.append([event("void")])).rejects.toThrow(Fenced);
      await second.append([event("2")]);
      expect(await readValues(log, 0, startOfPartition, 2)).toEqual(["1", "2"]);
    });

    rule("tells a writer that has nothing to append whether it still leads", async (log) => {
      const first = await lead(log, 0, "a");
      await first.confirm();
      await lead(log, 0, "b");
      await expect(first.confirm()).rejects.toThrow(Fenced);
      await expect(first.append([event("late")])).rejects.toThrow(Fenced);
    });

    rule("fences one partition and not the others", async (log) => {
      const [left, right] = await Promise.all([lead(log, 0, "a"), lead(log, 1, "a")]);
      await lead(log, 0, "b");
      const outcomes = await Promise.allSettled([left.append([event("void")]), right.append([event("stands")])]);
      expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "fulfilled"]);
    });

    rule("gives rivals that write at once one order, the same for all readers", async (log) => {
      const accepted: string[] = [];
      const write = async (name: string): Promise<void> => {
        for (let reign = 0; reign < 5; reign += 1) {
          const leader = await lead(log, 0, name);
          for (let index = 0; index < 3; index += 1) {
            const value = `${name}${String(reign)}.${String(index)}`;
            try {
              await leader.append([event(value)]);
              accepted.push(value);
            } catch (error) {
              if (error instanceof Fenced) break;
              // An answer of a real log can be lost: the next Election tells what has become of it.
              expect(error).toBeInstanceOf(OutcomeUnknown);
              const learnt: string[] = [];
              await lead(log, 0, name, startOfPartition, (found) => void learnt.push(found.value));
              if (learnt.includes(value)) accepted.push(value);
              break;
            }
          }
        }
      };
      await Promise.all(["a", "b", "c"].map(write));
      const seen = await readValues(log, 0, startOfPartition, accepted.length);
      expect([...seen].sort()).toEqual([...accepted].sort());
      expect(await readValues(log, 0, startOfPartition, accepted.length)).toEqual(seen);
    });
  });
}

const event = (value: string) => ({ key: "chat", value });

function lead(
  log: EventLog,
  partition: number,
  writer: string,
  from: Position = startOfPartition,
  learn: (found: StoredEvent) => void = () => undefined,
): Promise<Leadership> {
  const electionId = `${writer}-${Math.random().toString(36).slice(2)}`;
  return leadPartition({ log, partition, writer, electionId }, from, (batch) => {
    batch.events.forEach(learn);
  });
}

async function readRaw(log: EventLog, partition: number, from: number, count: number): Promise<StoredRecord[]> {
  const stop = new AbortController();
  const records: StoredRecord[] = [];
  for await (const batch of log.read(new Map([[partition, from]]), stop.signal)) {
    records.push(...batch.records);
    if (records.length >= count) break;
  }
  stop.abort();
  return records.slice(0, count);
}

async function collect(
  log: EventLog,
  from: ReadonlyMap<number, Position>,
  count: number,
): Promise<{ partition: number; event: StoredEvent }[]> {
  const stop = new AbortController();
  const found: { partition: number; event: StoredEvent }[] = [];
  for await (const batch of readEvents(log, from, stop.signal)) {
    found.push(...batch.events.map((stored) => ({ partition: batch.partition, event: stored })));
    if (found.length >= count) break;
  }
  stop.abort();
  return found;
}

async function readValues(log: EventLog, partition: number, from: Position, count: number): Promise<string[]> {
  return (await collect(log, new Map([[partition, from]]), count)).map((found) => found.event.value);
}
