import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import type pg from "pg";
import { encodeEvent, type ChatEventRecord } from "@chat/shared/events/event-record";
import { createClient } from "@chat/shared/postgres/connect";
import { createLogger } from "@chat/shared/telemetry/logger";
import { eventually } from "@chat/shared/testing/eventually";
import {
  countUnread,
  type HistoryStep,
  historySteps,
  playHistory,
  type PlainChat,
} from "@chat/shared/testing/random-history";
import { createSpecDatabase } from "@chat/shared/testing/with-postgres";
import { canonicalRows } from "./canonical-dump.ts";
import { liveSchema, prepareForProjecting, readPositions } from "./generation.ts";
import { projectorMigrations } from "./migrations.ts";
import { createBatchProjector, StaleCheckpoint, type PartitionEvents } from "./project-batch.ts";
import { readTables } from "./read-tables.ts";

const silent = createLogger({ service: "spec", level: "silent" });
/** Hundreds of transactions, on a machine that others use as well. */
const SLOW_MS = 60_000;
jest.setTimeout(SLOW_MS);
const epoch = { offset: 1, id: "spec" };

describe("projecting", () => {
  let database: Awaited<ReturnType<typeof createSpecDatabase>>;
  let client: pg.Client;
  let schemas = 0;

  beforeAll(async () => {
    database = await createSpecDatabase({ migrations: [projectorMigrations] });
    client = createClient({ url: database.url, name: "spec", log: silent, pipeline: true });
    await client.connect();
    await prepareForProjecting(client);
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  /** Tables of their own, with nothing in them. */
  async function freshSchema(): Promise<string> {
    const schema = `spec_${(schemas += 1)}`;
    await database.pool.query(`CREATE SCHEMA ${schema}; ${readTables(schema)}`);
    await readPositions(client, schema, 1);
    return schema;
  }

  /** As if the log held an Election at offset 1 and the records right behind it. */
  function batchOf(records: readonly ChatEventRecord[], begin: number, end: number): PartitionEvents {
    const events = records.slice(begin, end).map((record, index) => ({
      kind: "event" as const,
      key: record.chatId,
      value: encodeEvent(record),
      epoch,
      offset: 2 + begin + index,
    }));
    const from = begin === 0 ? { offset: 0, epoch: null } : { offset: 2 + begin, epoch };
    return { partition: 0, from, events, next: { offset: 2 + end, epoch } };
  }

  /** Every batch twice: a second time it must be refused and change nothing. */
  async function projectTwice(
    schema: string,
    records: readonly ChatEventRecord[],
    cuts: readonly number[],
  ): Promise<void> {
    const projector = createBatchProjector(client, schema);
    let begin = 0;
    for (const end of [...cuts, records.length]) {
      if (end <= begin) continue;
      const batch = batchOf(records, begin, end);
      await projector.project([batch]);
      await expect(projector.project([batch])).rejects.toThrow(StaleCheckpoint);
      begin = end;
    }
  }

  async function empty(schema: string): Promise<void> {
    const tables = ["chats", "members", "member_spans", "messages", "commands", "chat_events", "checkpoints"];
    await database.pool.query(tables.map((table) => `DELETE FROM ${schema}.${table}`).join(";"));
    await readPositions(client, schema, 1);
  }

  it("gives the same rows however the events are cut into batches, and the unread counts of a recount", async () => {
    const [whole, cut, single] = [await freshSchema(), await freshSchema(), await freshSchema()];
    let last: Promise<void> = Promise.resolve();
    const isSame = async (steps: readonly HistoryStep[], cuts: readonly number[]): Promise<void> => {
      const { records, chats } = playHistory(steps);
      for (const schema of [whole, cut, single]) await empty(schema);
      await projectTwice(whole, records, []);
      await projectTwice(
        cut,
        records,
        cuts.filter((at) => at < records.length).sort((one, other) => one - other),
      );
      await projectTwice(single, records, [...records.keys()]);
      const rows = await canonicalRows(database.pool, single);
      expect(await canonicalRows(database.pool, whole)).toEqual(rows);
      expect(await canonicalRows(database.pool, cut)).toEqual(rows);
      expect(rows["chat_events"]).toHaveLength(records.length);
      await expectPlain(single, chats);
    };
    const histories = fc.asyncProperty(historySteps, fc.array(fc.nat(150), { maxLength: 8 }), (steps, cuts) => {
      return (last = isSame(steps, cuts));
    });
    await fc.assert(histories, { numRuns: 50, interruptAfterTimeLimit: SLOW_MS / 2 });
    // When its time is over the last one is still under way, on the connection that the next rule uses.
    await last;
  });

  /** The rows say what is plainly true. */
  async function expectPlain(schema: string, chats: readonly PlainChat[]): Promise<void> {
    for (const chat of chats) {
      const members = await database.pool.query<{ user_id: number; unread: number }>(
        `SELECT user_id, role, active, read_up_to, c.last_seq - m.read_up_to - m.own_since - (
           SELECT count(*) FROM ${schema}.messages AS d
           WHERE d.chat_id = m.chat_id AND d.deleted AND d.seq > m.read_up_to AND d.sender_id <> m.user_id) AS unread,
           (SELECT json_agg(json_build_object('from', from_version, 'to', to_version) ORDER BY from_version)
            FROM ${schema}.member_spans AS s WHERE s.chat_id = m.chat_id AND s.user_id = m.user_id) AS spans
         FROM ${schema}.members AS m JOIN ${schema}.chats AS c USING (chat_id) WHERE chat_id = $1 ORDER BY user_id`,
        [chat.chatId],
      );
      expect(members.rows).toEqual(
        [...chat.members]
          .map(([id, member]) => ({
            user_id: Number(id),
            role: member.role,
            active: member.in,
            read_up_to: member.readUpTo,
            unread: countUnread(chat, id),
            spans: member.spans,
          }))
          .sort((one, other) => one.user_id - other.user_id),
      );
      const messages = await database.pool.query(
        `SELECT sender_id::text AS "senderId", text, m.deleted, m.files,
           seq <= c.fully_read_up_to AND sender_id <> c.fully_read_except OR seq <= own_read_up_to AS "fullyRead"
         FROM ${schema}.messages AS m JOIN ${schema}.chats AS c USING (chat_id)
         JOIN ${schema}.members AS author ON author.chat_id = m.chat_id AND author.user_id = sender_id
         WHERE m.chat_id = $1 ORDER BY seq`,
        [chat.chatId],
      );
      expect(
        messages.rows.map((row: object) => ({ ...row, fullyRead: "fullyRead" in row && row.fullyRead === true })),
      ).toEqual(chat.messages);
      const { rows } = await database.pool.query(
        `SELECT version, last_seq, deleted FROM ${schema}.chats WHERE chat_id = $1`,
        [chat.chatId],
      );
      expect(rows).toEqual([{ version: chat.version, last_seq: chat.messages.length, deleted: chat.ended }]);
    }
  }

  it("refuses events that contradict the rows, and leaves nothing half done", async () => {
    const { records } = playHistory([
      { kind: "create", chat: 0, user: 0, pick: 0 },
      ...Array.from({ length: 4 }, () => ({ kind: "send" as const, chat: 0, user: 0, pick: 1 })),
    ]);
    const schema = await freshSchema();
    const projector = createBatchProjector(client, schema);
    await projector.project([batchOf(records, 0, 2)]);
    const before = await canonicalRows(database.pool, schema);
    const wrong = (change: Partial<ChatEventRecord>): PartitionEvents =>
      batchOf(
        records.map((record, index) => (index === 2 ? { ...record, ...change } : record)),
        2,
        4,
      );
    const gap = projector.project([wrong({ version: 9 })]);
    await expect(gap).rejects.toThrow("version 4 of the chat follows version 9");
    const stranger = projector.project([wrong({ actor: "999" })]);
    await expect(stranger).rejects.toThrow("never was a member");
    const noMessage = projector.project([wrong({ event: { type: "MessageDeleted", seq: 77, senderId: "1" } })]);
    await expect(noMessage).rejects.toThrow("a message that is not there");
    const noChat = projector.project([
      batchOf(
        records.map((record) => ({ ...record, chatId: "01890000-0000-7000-9000-00000000000f" })),
        2,
        4,
      ),
    ]);
    await expect(noChat).rejects.toThrow("a chat is absent");
    expect(await canonicalRows(database.pool, schema)).toEqual(before);
    await projector.project([batchOf(records, 2, 5)]);
  });

  it("leaves nothing half done when the connection is lost in the middle of a batch", async () => {
    const { records } = playHistory([
      { kind: "create", chat: 0, user: 0, pick: 0 },
      { kind: "send", chat: 0, user: 0, pick: 1 },
    ]);
    const schema = await freshSchema();
    const lost = createClient({ url: database.url, name: "lost", log: silent, pipeline: true });
    await lost.connect();
    // The batch waits for the lock in its last statement: everything before it is done and not committed.
    const holder = await database.pool.connect();
    await holder.query(`BEGIN; LOCK TABLE ${schema}.chat_events IN EXCLUSIVE MODE`);
    const projecting = createBatchProjector(lost, schema).project([batchOf(records, 0, 2)]);
    await Promise.all([expect(projecting).rejects.toThrow("erminat"), cutWhenWaiting(holder)]);
    await holder.query("COMMIT");
    holder.release();
    expect(await canonicalRows(database.pool, schema)).toMatchObject({ chats: [], messages: [], chat_events: [] });
    await createBatchProjector(client, schema).project([batchOf(records, 0, 2)]);
  });

  async function cutWhenWaiting(holder: pg.PoolClient): Promise<void> {
    await eventually(async () => {
      const { rows } = await holder.query(
        "SELECT pg_terminate_backend(pid) AS cut FROM pg_stat_activity WHERE application_name = 'lost' AND wait_event_type = 'Lock'",
      );
      expect(rows).toEqual([{ cut: true }]);
    });
  }

  it("knows the live generation", async () => {
    expect(await liveSchema(client)).toBe("read_1");
  });
});
