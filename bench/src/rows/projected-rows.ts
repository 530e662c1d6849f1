import type pg from "pg";
import {
  boolArray,
  int4Array,
  int8Array,
  jsonbArray,
  textArray,
  timestamptzArray,
  uuidArray,
} from "@chat/shared/postgres/binary-array";
import type { Sample } from "../experiment.ts";

/** How far the read models of a database are: the sum over all partitions. */
export async function projectedOf(db: pg.Pool): Promise<number> {
  const { rows } = await db.query<{ sum: string }>(
    "SELECT coalesce(sum(next_offset), 0) AS sum FROM read_1.checkpoints",
  );
  return Number(rows[0]?.sum);
}

interface RecordRow {
  readonly partition: number;
  readonly offset: string;
  readonly kind: number;
  readonly epoch: string;
  readonly key: string;
  readonly value: string;
}

/** Copies the beginning of a log, `count` records of all partitions, into a database with an empty one; its length. */
export async function copyLog(from: pg.Pool, to: pg.Pool, count: number): Promise<number> {
  const identity = await from.query<{ log_id: string; partitions: number }>(
    "SELECT log_id, partitions FROM log.identity",
  );
  const records = await from.query<RecordRow>(`SELECT * FROM log.records ORDER BY "offset", partition LIMIT $1`, [
    count,
  ]);
  await to.query("TRUNCATE log.identity, log.partitions, log.records");
  await to.query("INSERT INTO log.identity (log_id, partitions) VALUES ($1, $2)", [
    identity.rows[0]?.log_id,
    identity.rows[0]?.partitions,
  ]);
  const { rows } = records;
  await to.query(
    `INSERT INTO log.records (partition, "offset", kind, epoch, key, value)
     SELECT * FROM unnest($1::int4[], $2::int8[], $3::int4[], $4::text[], $5::text[], $6::text[])`,
    [
      int4Array(rows.map(({ partition }) => partition)),
      int8Array(rows.map(({ offset }) => Number(offset))),
      int4Array(rows.map(({ kind }) => kind)),
      textArray(rows.map(({ epoch }) => epoch)),
      textArray(rows.map(({ key }) => key)),
      textArray(rows.map(({ value }) => value)),
    ],
  );
  await to.query(
    `INSERT INTO log.partitions SELECT partition, max("offset") + 1, '' FROM log.records GROUP BY partition`,
  );
  await to.query("ANALYZE");
  return rows.length;
}

interface MessageRow {
  readonly chat_id: string;
  readonly seq: number;
  readonly sender_id: string;
  readonly text: string;
  readonly client_message_id: string | null;
  readonly reply_to: number | null;
  readonly sent_at: Date;
  readonly edited_at: Date | null;
  readonly deleted: boolean;
  readonly sent_version: number;
  readonly changed_version: number;
}

interface EventRow {
  readonly chat_id: string;
  readonly offset: string;
  readonly partition: number;
  readonly version: number;
  readonly type: string;
  readonly actor_id: string;
  readonly at: Date;
  readonly seq: number | null;
  readonly up_to: number | null;
  readonly data: string | null;
}

/** Writes all messages and journal rows that are there into tables like theirs, indexes too, each in one statement. */
export async function insertAtOnce(db: pg.Pool): Promise<Sample> {
  await db.query(`
    DROP TABLE IF EXISTS messages_again, events_again;
    CREATE TABLE messages_again (LIKE read_1.messages INCLUDING ALL);
    CREATE TABLE events_again (LIKE read_1.chat_events INCLUDING ALL);
  `);
  const messages = (await db.query<MessageRow>("SELECT * FROM read_1.messages")).rows;
  const events = (await db.query<EventRow>(`SELECT *, data::text AS data FROM read_1.chat_events`)).rows;
  const messageColumns = [
    uuidArray(messages.map((row) => row.chat_id)),
    int4Array(messages.map((row) => row.seq)),
    int8Array(messages.map((row) => Number(row.sender_id))),
    textArray(messages.map((row) => row.text)),
    textArray(messages.map((row) => row.client_message_id)),
    int4Array(messages.map((row) => row.reply_to)),
    timestamptzArray(messages.map((row) => row.sent_at)),
    timestamptzArray(messages.map((row) => row.edited_at)),
    boolArray(messages.map((row) => row.deleted)),
    int4Array(messages.map((row) => row.sent_version)),
    int4Array(messages.map((row) => row.changed_version)),
  ];
  const eventColumns = [
    uuidArray(events.map((row) => row.chat_id)),
    int8Array(events.map((row) => Number(row.offset))),
    int4Array(events.map((row) => row.partition)),
    int4Array(events.map((row) => row.version)),
    textArray(events.map((row) => row.type)),
    int8Array(events.map((row) => Number(row.actor_id))),
    timestamptzArray(events.map((row) => row.at)),
    int4Array(events.map((row) => row.seq)),
    int4Array(events.map((row) => row.up_to)),
    jsonbArray(events.map((row) => row.data)),
  ];
  const startedAt = performance.now();
  await db.query(
    `INSERT INTO messages_again SELECT * FROM unnest($1::uuid[], $2::int4[], $3::int8[], $4::text[], $5::text[],
       $6::int4[], $7::timestamptz[], $8::timestamptz[], $9::bool[], $10::int4[], $11::int4[])`,
    messageColumns,
  );
  await db.query(
    `INSERT INTO events_again SELECT * FROM unnest($1::uuid[], $2::int8[], $3::int4[], $4::int4[], $5::text[],
       $6::int8[], $7::timestamptz[], $8::int4[], $9::int4[], $10::jsonb[])`,
    eventColumns,
  );
  const ms = performance.now() - startedAt;
  return { perSecond: ((messages.length + events.length) / ms) * 1_000, rows: messages.length + events.length, ms };
}
