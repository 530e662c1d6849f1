import { describe, expect, it } from "@jest/globals";
import { createLogger } from "../telemetry/logger.ts";
import { openPostgresDetour } from "../testing/postgres-detour.ts";
import { eventually } from "../testing/eventually.ts";
import { withPostgres } from "../testing/with-postgres.ts";
import { createClient, createPool } from "./connect.ts";
import { isDatabaseUnavailable } from "./unavailable.ts";

const log = createLogger({ service: "spec", level: "silent" });

describe("createPool", () => {
  it("survives connections that are cut, idle and in use, and connects again", async () => {
    await withPostgres(async ({ url, pool: other }) => {
      const pool = createPool({ url, name: "victim", max: 2, log });
      const inUse = await pool.connect();
      (await pool.connect()).release();
      const cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'";
      expect((await other.query(cut)).rowCount).toBe(2);
      await eventually(() => expect(pool.totalCount).toBe(1));
      const failure = await inUse.query("SELECT 1").catch((error: unknown) => error);
      expect(isDatabaseUnavailable(failure)).toBe(true);
      inUse.release(true);
      expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
      await pool.end();
    });
  });

  it("reads int8 as a number, and fails what is none that is safe", async () => {
    await withPostgres(async ({ pool }) => {
      expect((await pool.query("SELECT count(*) FROM generate_series(1, 3)")).rows).toEqual([{ count: 3 }]);
      await expect(pool.query("SELECT 9007199254740993::int8")).rejects.toThrow("no safe integer");
      expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    });
  });

  it("cancels a statement that takes longer than asked", async () => {
    await withPostgres(async ({ url }) => {
      const pool = createPool({ url, name: "impatient", max: 1, statementTimeoutMs: 50, log });
      await expect(pool.query("SELECT pg_sleep(60)")).rejects.toMatchObject({ code: "57014" });
      await pool.end();
    });
  });

  it("gives up a connection on which nothing comes back any more, and goes on over a new one", async () => {
    await withPostgres(async ({ url }) => {
      await using detour = await openPostgresDetour(url);
      const pool = createPool({ url: detour.url, name: "patient", max: 1, answerWithinMs: 2_000, log });
      expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
      detour.swallow();
      const failure = await pool.query("SELECT 1").catch((error: unknown) => error);
      expect(isDatabaseUnavailable(failure)).toBe(true);
      await eventually(async () => expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]));
      await pool.end();
    });
  });

  it("says that a database is unavailable when nobody listens", async () => {
    const pool = createPool({ url: "postgresql://nobody@localhost/none?host=/nowhere", name: "lonely", max: 1, log });
    const failure = await pool.query("SELECT 1").catch((error: unknown) => error);
    expect(isDatabaseUnavailable(failure)).toBe(true);
    await pool.end();
  });
});

describe("createClient", () => {
  it("gives up a connection on which nothing comes back any more, with all that was asked in one go, and ends", async () => {
    await withPostgres(async ({ url }) => {
      await using detour = await openPostgresDetour(url);
      const client = createClient({ url: detour.url, name: "patient", pipeline: true, answerWithinMs: 2_000, log });
      await client.connect();
      expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
      detour.swallow();
      const asked = [client.query("SELECT 1"), client.query("SELECT 2")];
      const failures = await Promise.all(asked.map((one) => one.catch((error: unknown) => error)));
      expect(failures.map(isDatabaseUnavailable)).toEqual([true, true]);
      await client.end();
    });
  });
});
