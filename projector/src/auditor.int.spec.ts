import { describe, expect, it } from "@jest/globals";
import type { Pool } from "pg";
import { createLogger, type Logger } from "@chat/shared/telemetry/logger";
import { createMetrics, type Metrics } from "@chat/shared/telemetry/metrics";
import { eventually } from "@chat/shared/testing/eventually";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { createAuditor } from "./auditor.ts";
import { projectorMigrations } from "./migrations.ts";

const chat = "01890000-0000-7000-9000-000000000001";
const otherChat = "01890000-0000-7000-9000-000000000002";

/** Three messages of user 1, the second taken back; user 2 has read the first, so one is unread to him. */
const rows = `
  INSERT INTO read_1.chats (chat_id, chat_type, creator_id, created_at, updated_at, active_at, version, last_seq)
  VALUES ('${chat}', 'group', 1, now(), now(), now(), 5, 3);
  INSERT INTO read_1.members (chat_id, user_id, role, active, joined_at, read_up_to, own_since)
  VALUES ('${chat}', 1, 'owner', true, now(), 0, 3), ('${chat}', 2, 'member', true, now(), 1, 0);
  INSERT INTO read_1.messages (chat_id, seq, sender_id, text, sent_at, deleted, sent_version, changed_version)
  SELECT '${chat}', seq, 1, 'text', now(), seq = 2, seq + 1, seq + 1 FROM generate_series(1, 3) AS seq`;

/** Somebody who has read none of 5,000 messages. */
const longUnread = 5_000;
const farBehind = `
  INSERT INTO read_1.chats (chat_id, chat_type, creator_id, created_at, updated_at, active_at, version, last_seq)
  VALUES ('${otherChat}', 'group', 1, now(), now(), now(), ${longUnread + 1}, ${longUnread});
  INSERT INTO read_1.members (chat_id, user_id, role, active, joined_at, read_up_to, own_since)
  VALUES ('${otherChat}', 3, 'member', true, now(), 0, 0);
  INSERT INTO read_1.messages (chat_id, seq, sender_id, text, sent_at, deleted, sent_version, changed_version)
  SELECT '${otherChat}', seq, 1, 'text', now(), false, seq + 1, seq + 1 FROM generate_series(1, ${longUnread}) AS seq`;

/** More than one look takes in, and more than one page holds. */
const crowd = 450;

/** Three chats of 150, the second of people who have left, each with one message of somebody else that is unread to all. */
const crowded = `
  INSERT INTO read_1.chats (chat_id, chat_type, creator_id, created_at, updated_at, active_at, version, last_seq)
  SELECT ('01890000-0000-7000-9000-00000000000' || chat)::uuid, 'group', 9999, now(), now(), now(), 2, 1
    FROM generate_series(1, 3) AS chat;
  INSERT INTO read_1.messages (chat_id, seq, sender_id, text, sent_at, sent_version, changed_version)
  SELECT chat_id, 1, 9999, 'text', now(), 2, 2 FROM read_1.chats;
  INSERT INTO read_1.members (chat_id, user_id, role, active, joined_at)
  SELECT ('01890000-0000-7000-9000-00000000000' || 1 + n / 150)::uuid, 1000 + n, 'member', n / 150 <> 1, now()
    FROM generate_series(0, ${crowd - 1}) AS n`;

/** Twenty people who have read none of 1,800 messages, so that five of them are all that one look may read. */
const manyBehind = `
  INSERT INTO read_1.chats (chat_id, chat_type, creator_id, created_at, updated_at, active_at, version, last_seq)
  VALUES ('${chat}', 'group', 1, now(), now(), now(), 1801, 1800);
  INSERT INTO read_1.members (chat_id, user_id, role, active, joined_at)
  SELECT '${chat}', 100 + n, 'member', true, now() FROM generate_series(1, 20) AS n;
  INSERT INTO read_1.messages (chat_id, seq, sender_id, text, sent_at, sent_version, changed_version)
  SELECT '${chat}', seq, 1, 'text', now(), seq + 1, seq + 1 FROM generate_series(1, 1800) AS seq`;

const silent = createLogger({ service: "spec", level: "silent" });

describe("the auditor", () => {
  it("finds no drift where there is none, and says by how much counts are wrong where they are", async () => {
    await withPostgres(
      async ({ pool }) => {
        await pool.query(rows);
        const lines: string[] = [];
        const logger = createLogger({
          service: "spec",
          destination: { write: (line: string) => void lines.push(line) },
        });
        await withAuditor({ pool, logger, everyMs: 5 }, async (metrics) => {
          await eventually(async () => expect((await metrics.page()).body).toMatch(/unread_audited_total [1-9]\d/));
          expect((await metrics.page()).body).toContain("unread_drift 0");
          await pool.query("UPDATE read_1.members SET own_since = own_since + 2 WHERE user_id = 2");
          await eventually(async () => expect((await metrics.page()).body).toContain("unread_drift 2"));
          expect(JSON.parse(lines[0] ?? "{}")).toMatchObject({ chat_id: chat, user_id: 2, claimed: -1, counted: 1 });
        });
      },
      { migrations: [projectorMigrations] },
    );
  });

  it("reads no message of a member who is so far behind that a recount would keep others waiting", async () => {
    await withPostgres(
      async ({ pool }) => {
        await pool.query(rows);
        await pool.query(farBehind);
        await withAuditor({ pool, everyMs: 5 }, (metrics) =>
          eventually(async () => expect((await metrics.page()).body).toMatch(/unread_audited_total [1-9]\d/)),
        );
        await eventually(async () => {
          const { rows: counted } = await pool.query<{ read: number; looks: number }>(
            `SELECT seq_tup_read + idx_tup_fetch AS read, seq_scan + idx_scan AS looks
              FROM pg_stat_user_tables WHERE schemaname = 'read_1' AND relname = 'messages'`,
          );
          expect(counted[0]?.looks).toBeGreaterThan(0);
          expect(counted[0]?.read).toBeLessThan(longUnread);
        });
      },
      { migrations: [projectorMigrations] },
    );
  });

  it("recounts every member within a round, and says that one is wrong until it is right again", async () => {
    await withPostgres(
      async ({ pool }) => {
        await pool.query(crowded);
        const { rows: pages } = await pool.query<{ last: string; tid: string }>(
          "SELECT max(ctid)::text AS last, split_part(max(ctid)::text, ',', 1) AS tid FROM read_1.members",
        );
        expect(pages[0]?.tid).not.toMatch(/\((0|1)$/);
        await pool.query("UPDATE read_1.members SET own_since = 1 WHERE ctid = $1::tid", [pages[0]?.last]);
        await withAuditor({ pool, everyMs: 5 }, async (metrics) => {
          for (const rounds of [1, 2, 3]) {
            // A round has fewer: those who have left are not recounted.
            await eventually(async () => expect(await auditedOf(metrics)).toBeGreaterThan(rounds * crowd));
            expect((await metrics.page()).body).toContain("unread_drift 1");
          }
          await pool.query("UPDATE read_1.members SET own_since = 0 WHERE own_since = 1");
          await eventually(async () => expect((await metrics.page()).body).toContain("unread_drift 0"));
        });
      },
      { migrations: [projectorMigrations] },
    );
  });

  it("forgets a wrong count neither when its member falls too far behind to be recounted, nor when others are found", async () => {
    await withPostgres(
      async ({ pool }) => {
        await pool.query(crowded);
        await pool.query("UPDATE read_1.members SET own_since = 1 WHERE user_id % 50 = 0 AND active");
        await withAuditor({ pool, everyMs: 5 }, async (metrics) => {
          await eventually(async () => expect((await metrics.page()).body).toContain("unread_drift 6"));
          await pool.query("UPDATE read_1.chats SET last_seq = 5000 WHERE chat_id = $1", [chat]);
          await pool.query("UPDATE read_1.members SET own_since = 0 WHERE chat_id <> $1", [chat]);
          await eventually(async () => expect((await metrics.page()).body).toContain("unread_drift 3"));
          const before = await auditedOf(metrics);
          await eventually(async () => expect(await auditedOf(metrics)).toBeGreaterThan(before + 2 * crowd));
          expect((await metrics.page()).body).toContain("unread_drift 3");
          await pool.query("UPDATE read_1.members SET active = false WHERE chat_id = $1", [chat]);
          await eventually(async () => expect((await metrics.page()).body).toContain("unread_drift 0"));
        });
      },
      { migrations: [projectorMigrations] },
    );
  });

  it("reads no more messages in one look than would keep others waiting, however many are behind", async () => {
    await withPostgres(
      async ({ pool }) => {
        await pool.query(manyBehind);
        const onlyOneLook = 600_000;
        await withAuditor({ pool, everyMs: onlyOneLook }, async (metrics) => {
          await eventually(async () => expect(await auditedOf(metrics)).toBeGreaterThan(0));
          expect(await auditedOf(metrics)).toBe(5);
        });
      },
      { migrations: [projectorMigrations] },
    );
  });
});

async function auditedOf(metrics: Metrics): Promise<number> {
  return Number(/unread_audited_total (\d+)/.exec((await metrics.page()).body)?.[1] ?? 0);
}

async function withAuditor(
  { pool, logger = silent, everyMs }: { readonly pool: Pool; readonly logger?: Logger; readonly everyMs: number },
  work: (metrics: Metrics) => Promise<void>,
): Promise<void> {
  const metrics = createMetrics();
  const auditor = createAuditor({ pool, logger, metrics, everyMs });
  await auditor.start();
  try {
    await work(metrics);
  } finally {
    await auditor.stop();
  }
}
