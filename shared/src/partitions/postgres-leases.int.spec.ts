import { describe, expect, it } from "@jest/globals";
import { withPostgres, type SpecDatabase } from "../testing/with-postgres.ts";
import { createWakeup } from "../wakeup.ts";
import { eventually } from "../testing/eventually.ts";
import { leaseMs, type Instance } from "./leases.ts";
import { directoryMigrations } from "./migrations.ts";
import { createOwnership, type Ownership } from "./ownership.ts";
import { createPostgresLeases, forgetLeases } from "./postgres-leases.ts";

const instance = (id: string): Instance => ({ id, url: `http://${id}`, able: true, key: `key of ${id}` });
const [one, two] = [instance("one"), instance("two")];
const all = [0, 1, 2, 3];
const inOrder = (numbers: Iterable<number>): number[] => [...numbers].sort((a, b) => a - b);

describe("leases in PostgreSQL", () => {
  it("go to one of those who ask at once, and are seen by the others", () =>
    withLeases(async ({ pool }) => {
      const leases = createPostgresLeases(pool, "role");
      const taken = await Promise.all([leases.claim(one, all), leases.claim(two, [...all].reverse())]);
      expect(inOrder(taken.flat())).toEqual(all);
      await leases.beat(two, []);
      const table = await leases.beat(one, all);
      expect(table.others).toEqual([two]);
      expect(inOrder(table.leases.map(({ partition }) => partition))).toEqual(all);
      expect(inOrder(table.renewed)).toEqual(inOrder(taken[0]));
      for (const { remainingMs } of table.leases) expect(remainingMs).toBeLessThanOrEqual(leaseMs);
    }));

  it("can be taken over once they have run out, and then are not renewed", () =>
    withLeases(async ({ pool }) => {
      const leases = createPostgresLeases(pool, "role");
      await leases.claim(one, all);
      expect(await leases.claim(two, all)).toEqual([]);
      await pool.query("UPDATE directory.leases SET expires_at = clock_timestamp() WHERE partition < 2");
      expect(inOrder(await leases.claim(two, all))).toEqual([0, 1]);
      expect(inOrder((await leases.beat(one, all)).renewed)).toEqual([2, 3]);
    }));

  it("that have run out and that nobody took are renewed", () =>
    withLeases(async ({ pool }) => {
      const leases = createPostgresLeases(pool, "role");
      await leases.claim(one, all);
      await pool.query("UPDATE directory.leases SET expires_at = clock_timestamp()");
      expect(inOrder((await leases.beat(one, all)).renewed)).toEqual(all);
    }));

  it("are free once they are released, or their owner has left", () =>
    withLeases(async ({ pool }) => {
      const leases = createPostgresLeases(pool, "role");
      await leases.claim(one, all);
      await leases.release(one, [0, 1]);
      await leases.release(two, [2, 3]);
      expect(inOrder(await leases.claim(two, all))).toEqual([0, 1]);
      await leases.leave(one);
      expect(inOrder(await leases.claim(two, all))).toEqual(all);
    }));

  it("of one role say nothing about another", () =>
    withLeases(async ({ pool }) => {
      const [mine, others] = [createPostgresLeases(pool, "mine"), createPostgresLeases(pool, "others")];
      await mine.claim(one, all);
      expect(inOrder(await others.claim(two, all))).toEqual(all);
      expect((await mine.beat(one, [])).leases.map(({ owner }) => owner)).toEqual(all.map(() => one.id));
    }));

  it("are forgotten by one who knows that nobody is there", () =>
    withLeases(async ({ pool }) => {
      const leases = createPostgresLeases(pool, "role");
      await leases.claim(one, all);
      await forgetLeases(pool);
      expect(inOrder(await leases.claim(two, all))).toEqual(all);
    }));

  it("spread the work over instances that come and go", () =>
    withLeases(async ({ pool }) => {
      const changes = createWakeup();
      const start = async (id: string) => {
        const ownership = createOwnership({
          store: createPostgresLeases(pool, "role"),
          partitions: 16,
          id,
          url: () => `http://${id}`,
          tryWork: async () => undefined,
          clock: { now: () => performance.now(), sleep: (ms) => createWakeup().next(ms) },
          changes,
          events: {
            taken: () => undefined,
            giveUp: async () => undefined,
            lost: () => undefined,
            changed: () => undefined,
          },
          log: { info: () => undefined, warn: () => undefined, error: () => undefined },
        });
        await ownership.start();
        return ownership;
      };
      const shares = (...of: Ownership[]): number[] =>
        of.map(({ holds }) => Array.from({ length: 16 }, (_, partition) => partition).filter(holds).length);

      const first = await start("first");
      await eventually(() => expect(shares(first)).toEqual([16]));
      const second = await start("second");
      await eventually(() => expect(shares(first, second)).toEqual([8, 8]));
      const third = await start("third");
      await eventually(() => expect(shares(first, second, third)).toEqual([6, 6, 4]));
      await first.handOver();
      await first.stop();
      await eventually(() => expect(shares(second, third)).toEqual([8, 8]));
      expect(second.placeOf(0)).not.toEqual(third.placeOf(0));
      await Promise.all([second.stop(), third.stop()]);
    }));
});

function withLeases(use: (database: SpecDatabase) => Promise<void>): Promise<void> {
  return withPostgres(use, { migrations: [directoryMigrations] });
}
