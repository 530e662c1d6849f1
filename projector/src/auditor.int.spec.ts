import { describe, expect, it } from "@jest/globals";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
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

describe("the auditor", () => {
  it("finds no drift where there is none, and says by how much counts are wrong where they are", async () => {
    await withPostgres(
      async ({ pool }) => {
        await pool.query(rows);
        const metrics = createMetrics();
        const lines: string[] = [];
        const logger = createLogger({
          service: "spec",
          destination: { write: (line: string) => void lines.push(line) },
        });
        const auditor = createAuditor({ pool, logger, metrics, everyMs: 5 });
        await auditor.start();
        try {
          await eventually(async () => expect((await metrics.page()).body).toMatch(/unread_audited_total [1-9]\d/));
          expect((await metrics.page()).body).toContain("unread_drift 0");
          await pool.query("UPDATE read_1.members SET own_since = own_since + 2 WHERE user_id = 2");
          await eventually(async () => expect((await metrics.page()).body).toContain("unread_drift 2"));
          expect(JSON.parse(lines[0] ?? "{}")).toMatchObject({ chat_id: chat, user_id: 2, claimed: -1, counted: 1 });
        } finally {
          await auditor.stop();
        }
      },
      { migrations: [projectorMigrations] },
    );
  });

  it("reads no message of a member who is so far behind that a recount would keep others waiting", async () => {
    await withPostgres(
      async ({ pool }) => {
        await pool.query(rows);
        await pool.query(farBehind);
        const metrics = createMetrics();
        const auditor = createAuditor({ pool, logger: createLogger({ service: "spec" }), metrics, everyMs: 5 });
        await auditor.start();
        try {
          await eventually(async () => expect((await metrics.page()).body).toMatch(/unread_audited_total [1-9]\d/));
        } finally {
          await auditor.stop();
        }
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
});
