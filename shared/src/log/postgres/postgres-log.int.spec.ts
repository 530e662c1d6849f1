import { expect, it } from "@jest/globals";
import { withPostgres } from "../../testing/with-postgres.ts";
import { describeEventLog } from "../event-log.contract.ts";
import { logMigrations } from "./migrations.ts";
import { createPostgresLog, openPostgresLog } from "./postgres-log.ts";

describeEventLog("Postgres", (use) =>
  withPostgres(
    async ({ pool }) => {
      await createPostgresLog(pool, "a-log", 4);
      const log = await openPostgresLog({ pool });
      await use(log);
      await log.close();
    },
    { migrations: [logMigrations] },
  ),
);

it("is made once: who comes second finds the first one's log", () =>
  withPostgres(
    async ({ pool }) => {
      await Promise.all(["one", "two", "three"].map((id) => createPostgresLog(pool, id, 4)));
      const { rows } = await pool.query<{ records: number }>("SELECT count(*)::int AS records FROM log.records");
      expect(rows[0]?.records).toBe(4);
    },
    { migrations: [logMigrations] },
  ));

it("keeps the number of its partitions, and says so to whoever wants another", () =>
  withPostgres(
    async ({ pool }) => {
      await createPostgresLog(pool, "a-log", 4);
      await createPostgresLog(pool, "another", 4);
      await expect(createPostgresLog(pool, "a-log", 8)).rejects.toThrow("PARTITIONS is 8, but the log was made with 4");
    },
    { migrations: [logMigrations] },
  ));
