import { describe, expect, it } from "@jest/globals";
import { CannotStart } from "../cannot-start.ts";
import { eventually } from "../testing/eventually.ts";
import { withPostgres } from "../testing/with-postgres.ts";
import { createWakeup } from "../wakeup.ts";
import type { Instance } from "./leases.ts";
import { directoryMigrations } from "./migrations.ts";
import { createOwnership, type Ownership } from "./ownership.ts";
import { createPostgresLeases } from "./postgres-leases.ts";

const refusal = "another instance that uses this database (http://first) has another SECRET_KEY";

describe("instances on one database", () => {
  it("have one key: who comes with another refuses to start, takes nothing, and starts when the others have left", () =>
    withInstances(async ({ make, stay, leases, pool }) => {
      const first = await stay({ id: "first", url: "http://first", able: true, key: "one key" });
      const second = make("second", "another key");
      const failure: unknown = await second.start().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(CannotStart);
      expect(String(failure)).toContain(refusal);
      await second.stop();
      const { rows } = await pool.query("SELECT id FROM directory.instances UNION SELECT owner FROM directory.leases");
      expect(rows).toEqual([{ id: "first" }]);

      await leases.leave(first);
      const next = make("next", "another key");
      await next.start();
      await eventually(() => expect(next.holds(0)).toBe(true));
      await next.stop();
    }));

  it("need not wait for one that was killed for longer than its row stays", () =>
    withInstances(async ({ make, leases }) => {
      await leases.beat({ id: "killed", url: "http://killed", able: true, key: "one key" }, []);
      const next = make("next", "another key");
      await expect(next.start()).resolves.toBeUndefined();
      await next.stop();
    }));

  it("are not all at work when they start at one moment with two keys", () =>
    withInstances(async ({ make }) => {
      const both = [make("first", "one key"), make("second", "another key")];
      const started = await Promise.allSettled(both.map((one) => one.start()));
      expect(started.map(({ status }) => status)).toContain("rejected");
      await Promise.all(both.map((one) => one.stop()));
    }));

  it("start beside a version that says nothing of its key", () =>
    withInstances(async ({ make, stay }) => {
      await stay({ id: "old", url: "http://old", able: true, key: null });
      const next = make("next", "one key");
      await expect(next.start()).resolves.toBeUndefined();
      await next.stop();
    }));

  it("say it when they are at work with two keys, since one was away when the other looked", () =>
    withInstances(async ({ make, leases, lines }) => {
      const only = make("only", "one key");
      await only.start();
      const back = { id: "back", url: "http://back", able: true, key: "another key" };
      await eventually(async () => {
        await leases.beat(back, []);
        expect(lines).toEqual([{ url: "http://back" }]);
      });
      await only.stop();
    }));
});

interface Instances {
  make(id: string, key: string): Ownership;
  /** Is there as if it lived, however slow the machine is. */
  stay(instance: Instance): Promise<Instance>;
  readonly leases: ReturnType<typeof createPostgresLeases>;
  readonly pool: Parameters<typeof createPostgresLeases>[0];
  /** What was logged as an error. */
  readonly lines: readonly object[];
}

function withInstances(use: (instances: Instances) => Promise<void>): Promise<void> {
  const lines: object[] = [];
  const ignore = (): void => undefined;
  return withPostgres(
    ({ pool }) => {
      const leases = createPostgresLeases(pool, "role");
      const make = (id: string, key: string): Ownership =>
        createOwnership({
          store: leases,
          partitions: 1,
          id,
          url: () => `http://${id}`,
          key,
          tryWork: async () => undefined,
          clock: { now: () => performance.now(), sleep: (ms) => createWakeup().next(ms) },
          changes: createWakeup(),
          events: { taken: ignore, giveUp: async () => undefined, lost: ignore, changed: ignore },
          log: { info: ignore, warn: ignore, error: (line: unknown) => void lines.push(line as object) },
        });
      const stay = async (instance: Instance): Promise<Instance> => {
        await leases.beat(instance, []);
        await pool.query("UPDATE directory.instances SET expires_at = expires_at + interval '1 hour'");
        return instance;
      };
      return use({ make, stay, leases, pool, lines });
    },
    { migrations: [directoryMigrations] },
  );
}
