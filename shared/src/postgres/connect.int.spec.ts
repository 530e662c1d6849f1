import { describe, expect, it } from "@jest/globals";
import { createLogger } from "../telemetry/logger.ts";
import { eventually } from "../testing/eventually.ts";
import { withPostgres } from "../testing/with-postgres.ts";
import { createPool } from "./connect.ts";
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

  it("says that a database is unavailable when nobody listens", async () => {
    const pool = createPool({ url: "postgresql://nobody@localhost/none?host=/nowhere", name: "lonely", max: 1, log });
    const failure = await pool.query("SELECT 1").catch((error: unknown) => error);
    expect(isDatabaseUnavailable(failure)).toBe(true);
    await pool.end();
  });
});
