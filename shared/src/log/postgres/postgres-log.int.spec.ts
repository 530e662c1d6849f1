import { expect, it } from "@jest/globals";
import { setImmediate as turn } from "node:timers/promises";
import { eventually } from "../../testing/eventually.ts";
import { withPostgres } from "../../testing/with-postgres.ts";
import { LogHalted } from "../event-log.ts";
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

it("lets in whoever waited for another process: an Election is refused to nobody, and each has a place of its own", () =>
  withPostgres(
    async ({ pool }) => {
      await createPostgresLog(pool, "a-log", 4);
      const logs = await Promise.all([openPostgresLog({ pool }), openPostgresLog({ pool })]);
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, turn) =>
          logs.map((log, writer) =>
            log.append(turn % 2, [{ kind: "election", logId: "a-log", writer: `${writer}`, id: `${turn}-${writer}` }]),
          ),
        ).flat(),
      );
      expect(answers.filter(({ status }) => status !== "appended")).toEqual([]);
      const places = answers.map((answer) => (answer.status === "appended" ? answer.baseOffset : null));
      expect(new Set(places).size).toBe(100);
      expect(await logs[0]?.ends()).toEqual([101, 101, 1, 1]);
      await Promise.all(logs.map((log) => log.close()));
    },
    { migrations: [logMigrations] },
  ));

it("carries in one statement what came while the one before was under way, and what those append who were answered by it", () =>
  withPostgres(
    async ({ pool }) => {
      await createPostgresLog(pool, "a-log", 4);
      const log = await openPostgresLog({ pool });
      const elect = (partition: number, id: string) =>
        log.append(partition, [{ kind: "election", logId: "a-log", writer: "spec", id }]);
      const first = elect(0, "alone");
      await turn();
      await turn();
      await Promise.all([
        first.then(() => elect(0, "answered")),
        ...[1, 2, 3].map((other) => elect(other, "meanwhile")),
      ]);
      const { rows } = await pool.query<{ partitions: readonly number[] }>(
        `SELECT array_agg(partition ORDER BY partition) AS partitions FROM log.records
         WHERE "offset" > 0 GROUP BY xmin::text ORDER BY min("offset"), count(*)`,
      );
      expect(rows.map(({ partitions }) => partitions)).toEqual([[0], [0, 1, 2, 3]]);
      await log.close();
    },
    { migrations: [logMigrations] },
  ));

it("gives up an append that is not answered: it stays unknown, and those of other partitions go on", () =>
  withPostgres(
    async ({ pool }) => {
      await createPostgresLog(pool, "a-log", 4);
      const log = await openPostgresLog({ pool, answerWithinMs: 300 });
      const elect = (partition: number) =>
        log.append(partition, [{ kind: "election", logId: "a-log", writer: "spec", id: `of ${String(partition)}` }]);
      const other = await pool.connect();
      await other.query("BEGIN; SELECT FROM log.partitions WHERE partition = 0 FOR UPDATE");
      await expect(elect(0)).rejects.toThrow("timeout");
      expect(await elect(1)).toEqual({ status: "appended", baseOffset: 1 });
      await other.query("COMMIT");
      other.release();
      // It was held up and not taken back.
      await eventually(async () => expect(await log.ends()).toEqual([2, 2, 1, 1]));
      await log.close();
    },
    { migrations: [logMigrations] },
  ));

it.each([
  ["an epoch of another form", 2, "epoch = 'none'", /not an epoch/],
  ["an event without an epoch", 2, "epoch = ''", /it has no epoch/],
  ["a kind that there is not", 2, "kind = 7", /there is no kind 7/],
  ["an event that says it is an Election", 2, "kind = 1", /its logId is no text/],
  ["an Election that is no JSON", 1, "value = '{'", /JSON/],
  ["an Election that is nothing", 1, "value = 'null'", /holds no fields/],
  ["an Election of nobody", 1, "value = value::jsonb - 'id'", /its id is no text/],
  ["a beginning without a number of partitions", 0, 'value = value::jsonb || \'{"partitions":"4"}\'', /its partitions/],
])("halts its readers at what was changed by hand, and says where: %s", (_what, offset, change, why) =>
  withPostgres(
    async ({ pool }) => {
      await createPostgresLog(pool, "a-log", 4);
      const writer = await openPostgresLog({ pool });
      await writer.append(3, [{ kind: "election", logId: "a-log", writer: "spec", id: "one" }]);
      await writer.append(3, [{ kind: "event", epoch: { offset: 1, id: "one" }, key: "chat", value: "{}" }]);
      await writer.close();
      await pool.query(`UPDATE log.records SET ${change} WHERE partition = 3 AND "offset" = ${String(offset)}`);

      const reader = await openPostgresLog({ pool });
      const batches = reader.read(new Map([[3, 0]]), new AbortController().signal)[Symbol.asyncIterator]();
      const error: unknown = await batches.next().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(LogHalted);
      expect(error).toMatchObject({ partition: 3, offset, message: expect.stringMatching(why) as unknown });
      await reader.close();
    },
    { migrations: [logMigrations] },
  ),
);

it("takes no field of a control record for the record's own place or kind", () =>
  withPostgres(
    async ({ pool }) => {
      await createPostgresLog(pool, "a-log", 1);
      await pool.query(`UPDATE log.records SET value = value::jsonb || '{"offset":7,"kind":"event"}'`);
      const log = await openPostgresLog({ pool });
      const batches = log.read(new Map([[0, 0]]), new AbortController().signal)[Symbol.asyncIterator]();
      expect(await batches.next()).toMatchObject({ value: { next: 1, records: [{ kind: "log-created", offset: 0 }] } });
      await log.close();
    },
    { migrations: [logMigrations] },
  ));
