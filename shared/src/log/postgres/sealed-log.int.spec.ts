import { describe, expect, it } from "@jest/globals";
import type { Pool } from "pg";
import { CannotStart } from "../../cannot-start.ts";
import { withPostgres } from "../../testing/with-postgres.ts";
import { LogHalted, type StoredRecord } from "../event-log.ts";
import { leadPartition } from "../partition-writer.ts";
import { startOfPartition } from "../position.ts";
import { logMigrations } from "./migrations.ts";
import { refuseUnlessMoved } from "./moved-log.ts";
import { createPostgresLog, openPostgresLog } from "./postgres-log.ts";
import { findPostgresLog, markMoved, readSealed, sealPostgresLog } from "./sealed-log.ts";

const PARTITIONS = 4;
const where = "a-cluster/chat-events";
let elections = 0;

describe("a log in PostgreSQL that is sealed", () => {
  it("holds all that was acknowledged, ends with the Election of who sealed it, and takes nothing more", () =>
    withLog(async (pool) => {
      const acknowledged = Array.from({ length: PARTITIONS }, (): string[] => []);
      const log = await openPostgresLog({ pool });
      const writing = acknowledged.map(async (values, partition) => {
        const leader = await lead(log, partition);
        for (let n = 0; ; n += 1) {
          await leader.append([{ key: "chat", value: String(n) }]);
          values.push(String(n));
        }
      });
      const ends = Promise.allSettled(writing);
      while (acknowledged.some((values) => values.length < 5)) await new Promise(setImmediate);
      const sealed = await sealPostgresLog(pool, where, election);
      for (const end of await ends) {
        expect(end).toMatchObject({ status: "rejected", reason: expect.any(LogHalted) as unknown });
        expect(String((end as PromiseRejectedResult).reason)).toMatch(/on its way to Kafka, topic chat-events/);
      }
      for (const [partition, values] of acknowledged.entries()) {
        const records = await recordsOf(pool, partition);
        expect(records.at(-1)).toMatchObject({ kind: "election", writer: "log copy", logId: "a-log" });
        expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => index));
        expect(records.length).toBe(sealed.ends[partition]);
        // One may have been written whose answer was on its way.
        const found = records.flatMap((record) => (record.kind === "event" ? [record.value] : []));
        expect(found.slice(0, values.length)).toEqual(values);
        await expect(log.append(partition, [election("a-log")])).rejects.toThrow(/on its way to Kafka/);
      }
      expect(await findPostgresLog(pool)).toEqual(sealed);
      await log.close();
    }));

  it("halts its readers, and whoever asks for its ends", () =>
    withLog(async (pool) => {
      const log = await openPostgresLog({ pool, pollMs: 20 });
      const reading = (async () => {
        for await (const { records } of log.read(new Map([[0, 1]]), new AbortController().signal))
          expect(records).toMatchObject([{ writer: "log copy" }]);
      })();
      await sealPostgresLog(pool, where, election);
      await expect(reading).rejects.toThrow(LogHalted);
      await expect(log.ends()).rejects.toThrow(LogHalted);
      await log.close();
    }));

  it("is sealed once, whoever tries again, and says on the way and behind the end what is to be done", () =>
    withLog(async (pool) => {
      const sealed = await sealPostgresLog(pool, where, election);
      expect(await sealPostgresLog(pool, "another/place", election)).toEqual(sealed);
      for (const open of [() => openPostgresLog({ pool }), () => createPostgresLog(pool, "b-log", PARTITIONS)]) {
        await expect(open()).rejects.toThrow(CannotStart);
        await expect(open()).rejects.toThrow(/on its way to Kafka, topic chat-events.*finish with npm run chat/);
      }
      await markMoved(pool, where);
      await expect(openPostgresLog({ pool })).rejects.toThrow(
        /was moved to Kafka: set KAFKA_BROKERS and KAFKA_TOPIC=chat-events beside this database's DATABASE_URL/,
      );
    }));

  it("lets services work on Kafka only when all of it is there", () =>
    withLog(async (pool) => {
      await refuseUnlessMoved(pool, "another log");
      await lead(await openPostgresLog({ pool }), 2);
      await expect(refuseUnlessMoved(pool, "another log")).rejects.toThrow(/another log .* move it there with npm run/);
      await sealPostgresLog(pool, where, election);
      await expect(refuseUnlessMoved(pool, "a-log")).rejects.toThrow(/not all of it is there/);
      await markMoved(pool, where);
      await refuseUnlessMoved(pool, "a-log");
      await expect(refuseUnlessMoved(pool, "another log")).rejects.toThrow(/another log .* was moved to Kafka/);
    }));
});

function withLog(use: (pool: Pool) => Promise<void>): Promise<void> {
  return withPostgres(
    async ({ pool }) => {
      await createPostgresLog(pool, "a-log", PARTITIONS);
      await use(pool);
    },
    { migrations: [logMigrations] },
  );
}

const election = (logId: string) => ({
  kind: "election" as const,
  logId,
  writer: "log copy",
  id: `copier${String((elections += 1))}`,
});

function lead(log: Awaited<ReturnType<typeof openPostgresLog>>, partition: number) {
  return leadPartition({ log, partition, writer: "a", electionId: "a1" }, startOfPartition, () => undefined);
}

async function recordsOf(pool: Pool, partition: number): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  for await (const page of readSealed(pool, partition)) records.push(...page);
  return records;
}
