import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Position } from "@chat/shared/log/position";
import { sleep, type Clock } from "./clock.ts";
import { createReadBarrier, type Guarded, type Partitions, type ReadBarrier } from "./read-barrier.ts";

const epoch = { offset: 1, id: "e" };

describe("the read barrier", () => {
  let clock: ReturnType<typeof createManualClock>;
  let log: ReturnType<typeof createFakeLog>;
  let projected: number[];
  let reads: number;
  let wanted: number;
  let barrier: ReadBarrier;

  const positions = (): ReadonlyMap<number, Position> =>
    new Map(projected.map((offset, partition) => [partition, { offset, epoch }]));
  const read = (partitions: Partitions = [0]): Promise<Guarded<{ positions: ReadonlyMap<number, Position> }>> =>
    barrier.read(partitions, async () => {
      reads += 1;
      return { positions: positions() };
    });

  beforeEach(() => {
    clock = createManualClock();
    log = createFakeLog();
    projected = [5, 5];
    reads = 0;
    wanted = 0;
    const progress = { wake: () => undefined, next: (ms: number) => sleep(clock, ms) };
    const demand = { ...progress, wake: () => void (wanted += 1) };
    barrier = createReadBarrier({ log, positions: async () => positions(), progress, wanted: demand, clock });
  });

  it("answers at once with two questions when the read models have all that is in the log", async () => {
    const answer = read();
    await log.tell([5, 9]);
    expect(await answer).toMatchObject({ stale: false });
    expect({ asked: log.asked, reads }).toEqual({ asked: 1, reads: 1 });
  });

  it("asks and reads at once when nobody else asks, and reads again when what it read was not all", async () => {
    const answer = read();
    await clock.advance(0);
    expect({ asked: log.asked, reads }).toEqual({ asked: 1, reads: 1 });
    projected = [6, 5];
    await log.tell([6, 5]);
    await clock.advance(100);
    const { answer: seen, stale } = await answer;
    expect({ reads, stale, offset: seen.positions.get(0)?.offset }).toEqual({ reads: 2, stale: false, offset: 6 });
  });

  it("reads only when it knows the end, when it shares that with others", async () => {
    const alone = read();
    const shared = read();
    await log.tell([5, 5]);
    await alone;
    expect({ asked: log.asked, reads }).toEqual({ asked: 2, reads: 1 });
    projected = [6, 5];
    await log.tell([6, 5]);
    expect(await shared).toMatchObject({ stale: false });
    expect(reads).toBe(2);
  });

  it("does not show what it read before it gave the log up", async () => {
    const answer = read();
    projected = [7, 5];
    await clock.advance(2_100);
    const { answer: seen, stale } = await answer;
    expect({ stale, offset: seen.positions.get(0)?.offset }).toEqual({ stale: true, offset: 7 });
  });

  it("shares only a request that began after the read arrived", async () => {
    const first = read();
    const second = read();
    const third = read();
    await clock.advance(0);
    expect(log.asked).toBe(1);
    await log.tell([5, 5]);
    expect(await first).toMatchObject({ stale: false });
    // The first request began before the second read arrived; the second and the third share the next one.
    expect({ asked: log.asked, reads }).toEqual({ asked: 2, reads: 1 });
    projected = [6, 5];
    await log.tell([6, 5]);
    expect(await Promise.all([second, third])).toMatchObject([{ stale: false }, { stale: false }]);
    expect(log.asked).toBe(2);
  });

  it("waits for the partitions that are read, and for no other", async () => {
    const one = read([1]);
    await log.tell([100, 5]);
    expect(await one).toMatchObject({ stale: false });
    const all = read("all");
    await log.tell([6, 5]);
    projected = [6, 5];
    await clock.advance(100);
    expect((await all).answer.positions.get(0)).toEqual({ offset: 6, epoch });
  });

  it("reads again when the projector has caught up", async () => {
    const answer = read();
    await log.tell([7, 5]);
    await clock.advance(500);
    expect(reads).toBe(1);
    projected = [7, 5];
    await clock.advance(100);
    expect(await answer).toMatchObject({ stale: false });
    expect(reads).toBe(2);
  });

  it("says that it waits, again and again, for as long as it does", async () => {
    const atOnce = read();
    await log.tell([5, 5]);
    await atOnce;
    expect(wanted).toBe(0);
    const later = read();
    await log.tell([7, 5]);
    await clock.advance(100);
    const before = wanted;
    await clock.advance(100);
    expect([before > 1, wanted > before]).toEqual([true, true]);
    projected = [7, 5];
    await clock.advance(100);
    await later;
    const all = wanted;
    await clock.advance(100);
    expect(wanted).toBe(all);
  });

  it("answers after two seconds with what there is, and says so", async () => {
    const answer = outcome(read());
    await log.tell([7, 5]);
    await clock.advance(1_900);
    expect(answer.stale).toBeUndefined();
    projected = [6, 5];
    await clock.advance(200);
    expect(answer.stale).toBe(true);
    expect(reads).toBe(2);
  });

  it("does not wait again while the lag is known to be longer, and waits again when it no longer is", async () => {
    const first = read();
    await log.tell([7, 5]);
    await clock.advance(2_100);
    expect(await first).toMatchObject({ stale: true });

    const second = read();
    await log.tell([9, 5]);
    expect(await second).toMatchObject({ stale: true });
    expect(reads).toBe(3);

    projected = [7, 5];
    const third = outcome(read());
    await log.tell([9, 5]);
    expect(third.stale).toBeUndefined();
    projected = [9, 5];
    await clock.advance(100);
    expect(third.stale).toBe(false);
  });

  it("asks a log that refuses again, and answers with what there is when two seconds are over", async () => {
    const answer = outcome(read());
    for (let ms = 0; ms < 1_900; ms += 100) {
      await log.refuse();
      await clock.advance(100);
    }
    expect(answer.stale).toBeUndefined();
    expect(log.asked).toBeGreaterThan(10);
    await log.refuse();
    await clock.advance(200);
    expect(answer.stale).toBe(true);
  });

  it("does not wait for a log that is known to be away, and notices when it is back", async () => {
    const first = outcome(read());
    await clock.advance(2_100);
    expect(first.stale).toBe(true);

    const second = outcome(read());
    await clock.advance(0);
    expect(second.stale).toBe(true);

    await log.tell([5, 5]);
    const third = outcome(read());
    await log.tell([5, 5]);
    expect(third.stale).toBe(false);
  });

  it("goes on waiting while the checkpoints cannot be read", async () => {
    let away = true;
    const progress = { wake: () => undefined, next: (ms: number) => sleep(clock, ms) };
    const look = async (): Promise<ReadonlyMap<number, Position>> => {
      if (away) throw new Error("away");
      return positions();
    };
    barrier = createReadBarrier({ log, positions: look, progress, clock });
    const answer = outcome(read());
    await log.tell([7, 5]);
    projected = [7, 5];
    await clock.advance(500);
    expect(answer.stale).toBeUndefined();
    away = false;
    await clock.advance(100);
    expect(answer.stale).toBe(false);
  });

  it("takes a partition that was never projected for one that is behind", async () => {
    const answer = outcome(read([3]));
    await log.tell([0, 0, 0, 1]);
    await clock.advance(2_100);
    expect(answer.stale).toBe(true);
  });

  it("does not hide that reading failed", async () => {
    const failing = barrier.read([0], () => Promise.reject(new Error("Postgres is away")));
    await Promise.all([expect(failing).rejects.toThrow("Postgres is away"), log.tell([5, 5])]);
  });
});

/** What came of it, once it has: undefined before. */
function outcome(answer: Promise<Guarded<unknown>>): { stale?: boolean } {
  const seen: { stale?: boolean } = {};
  void answer.then(({ stale }) => (seen.stale = stale));
  return seen;
}

const allSettled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A log that tells its ends when it is told to, in the order in which it was asked. */
function createFakeLog() {
  const asking: { resolve: (ends: readonly number[]) => void; reject: (error: Error) => void }[] = [];
  const log = {
    asked: 0,
    ends: () =>
      new Promise<readonly number[]>((resolve, reject) => {
        log.asked += 1;
        asking.push({ resolve, reject });
      }),
    async tell(ends: readonly number[]) {
      await allSettled();
      for (const { resolve } of asking.splice(0)) resolve(ends);
      await allSettled();
    },
    async refuse() {
      await allSettled();
      for (const { reject } of asking.splice(0)) reject(new Error("the log is away"));
      await allSettled();
    },
  };
  return log;
}

/** Stands still until it is moved; then wakes the sleepers in order, and lets each do what it does. */
function createManualClock(): Clock & { advance(ms: number): Promise<void> } {
  let now = 0;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  return {
    now: () => now,
    after(ms, wake) {
      const sleeper = { at: now + ms, wake };
      sleepers.add(sleeper);
      return () => void sleepers.delete(sleeper);
    },
    async advance(ms) {
      const until = now + ms;
      await allSettled();
      for (;;) {
        const next = [...sleepers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        now = Math.max(now, next.at);
        sleepers.delete(next);
        next.wake();
        await allSettled();
      }
      now = until;
    },
  };
}
