import { describe, expect, it } from "@jest/globals";
import { directoryMigrations } from "@chat/shared/partitions/migrations";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { createChatLog } from "@chat/shared/testing/chat-log";
import { createChatWriter } from "@chat/shared/testing/chat-writer";
import { added, deleted, edited, groupOf, removed, send, sends } from "@chat/shared/testing/chat-facts";
import { eventually } from "@chat/shared/testing/eventually";
import { withPostgres, type SpecDatabase } from "@chat/shared/testing/with-postgres";
import { createWakeup } from "@chat/shared/wakeup";
import { canonicalRows } from "./canonical-dump.ts";
import { projectorMigrations } from "./migrations.ts";
import { createProjector } from "./service.ts";

const partitions = 2;
const tables = ["checkpoints", "chats", "members", "member_spans", "messages", "commands", "chat_events"];
const one = "01890000-0000-7000-9000-000000000001";
const other = "01890000-0000-7000-9000-000000000002";

describe("a database that was restored to an older state", () => {
  it("catches up by itself from the checkpoints that stand in it, to the same rows", async () => {
    await withPostgres(
      async (database) => {
        const log = await createChatLog(partitions);
        const append = createChatWriter(log);
        const whileProjecting = async (): Promise<void> => {
          const projector = createProjector({
            ...database,
            databaseUrl: database.url,
            log,
            logger: createLogger({ service: "spec", level: "silent" }),
            metrics: createMetrics(),
            progress: createWakeup(),
            onFatal: (error) => {
              throw error;
            },
          });
          await projector.start();
          try {
            await eventually(async () => expect(await checkpoints(database)).toEqual(await log.ends()));
          } finally {
            await projector.stop();
          }
        };

        await append(one, "1", groupOf("1", "2"), ...sends(1, 5));
        await append(other, "1", groupOf("1"));
        await whileProjecting();
        await database.pool.query(
          `CREATE SCHEMA backup; ${tables.map((table) => `CREATE TABLE backup.${table} AS TABLE read_1.${table};`).join(" ")}`,
        );

        await append(one, "1", send(6), edited(2, "changed"), deleted(3), added("3", 6), removed("2"));
        await append(other, "1", ...sends(1, 3));
        await whileProjecting();
        const newest = await canonicalRows(database.pool, "read_1");

        const back = tables.map(
          (table) => `DELETE FROM read_1.${table}; INSERT INTO read_1.${table} TABLE backup.${table};`,
        );
        await database.pool.query(`BEGIN; ${back.join(" ")} COMMIT`);
        expect(await canonicalRows(database.pool, "read_1")).not.toEqual(newest);
        await whileProjecting();

        expect(await canonicalRows(database.pool, "read_1")).toEqual(newest);
      },
      { migrations: [directoryMigrations, projectorMigrations] },
    );
  }, 60_000);
});

async function checkpoints({ pool }: SpecDatabase): Promise<readonly number[]> {
  const { rows } = await pool.query<{ next_offset: string }>(
    "SELECT next_offset FROM read_1.checkpoints ORDER BY partition",
  );
  return rows.map(({ next_offset }) => Number(next_offset));
}
