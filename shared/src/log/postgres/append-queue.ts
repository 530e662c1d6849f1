import { setImmediate as turn } from "node:timers/promises";
import type { Pool } from "pg";
import { int4Array, textArray } from "../../postgres/binary-array.ts";
import type { AppendAnswer, Election, EventRecord } from "../event-log.ts";
import { isAtHome } from "./moved-log.ts";
import { addRecord, columnParameters, emptyColumns } from "./record-rows.ts";

/** One statement carries at most this much: Postgres takes up to 1 GiB, but nobody should wait for that. */
const maxStatementBytes = 4 * 1024 * 1024;

export interface Append {
  readonly partition: number;
  readonly records: readonly (Election | EventRecord)[];
}

/**
 * Appends of all partitions that wait at one moment travel in one statement and one commit. One statement is under way
 * at a time: what comes meanwhile makes the next one larger, and a larger one costs less for each record than two at once.
 */
export interface AppendQueue {
  append(partition: number, records: Append["records"]): Promise<AppendAnswer>;
  /** Resolves when nothing is waiting or in flight. */
  idle(): Promise<void>;
}

interface Waiting extends Append {
  readonly bytes: number;
  readonly resolve: (answer: AppendAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The counters' rows are locked in the order of their partitions, so two instances cannot lock each other out; a
 * partition whose epoch is not the asked one gets no row here, hence no records. The counter's epoch is the offset of
 * the last Election: counters never go back, so that says which. It is '' for an Election, which every epoch lets in; a
 * log that was moved elsewhere has none.
 */
const appendStatement = `
  WITH locked AS (
    SELECT a.* FROM unnest($1::int4[], $2::text[], $3::int4[]) AS a(partition, epoch, count)
    JOIN log.partitions AS p USING (partition)
    WHERE (a.epoch = '' AND ${isAtHome}) OR p.epoch = a.epoch
    ORDER BY p.partition FOR UPDATE OF p
  ), moved AS (
    UPDATE log.partitions AS p
    SET next_offset = p.next_offset + a.count,
        epoch = CASE WHEN a.epoch = '' THEN p.next_offset::text ELSE p.epoch END
    FROM locked AS a
    WHERE p.partition = a.partition
    RETURNING p.partition, p.next_offset - a.count AS base
  ), inserted AS (
    INSERT INTO log.records (partition, "offset", kind, epoch, key, value)
    SELECT r.partition, m.base + r.index, r.kind, r.epoch, r.key, r.value
    FROM unnest($4::int4[], $5::int8[], $6::int4[], $7::text[], $8::text[], $9::text[])
      AS r(partition, index, kind, epoch, key, value) JOIN moved AS m USING (partition)
  )
  SELECT partition, base FROM moved`;

export interface AppendQueueOptions {
  readonly pool: Pool;
  /** A statement that is not answered by then is given up: what it appended is unknown, and the next one is sent. */
  readonly answerWithinMs: number;
  readonly appended: (append: Append, baseOffset: number) => void;
}

export function createAppendQueue({ pool, answerWithinMs, appended }: AppendQueueOptions): AppendQueue {
  let waiting: Waiting[] = [];
  let running: Promise<void> | null = null;

  /**
   * Each statement is preceded by one turn of the event loop: appends that other partitions make now travel along, and
   * so does what those decide who were just answered. Without it a statement would carry half of what it could.
   */
  async function run(): Promise<void> {
    await turn();
    while (waiting.length > 0) {
      await flush(takeOnePerPartition());
      await turn();
    }
    // In the same breath as the look above: whoever comes now finds nobody at work.
    running = null;
  }

  /** Two appends to one partition never share a statement: the second may depend on the first's Election. */
  function takeOnePerPartition(): Waiting[] {
    const taken: Waiting[] = [];
    const left: Waiting[] = [];
    const partitions = new Set<number>();
    let bytes = 0;
    for (const append of waiting) {
      const fits = taken.length === 0 || bytes + append.bytes <= maxStatementBytes;
      if (fits && !partitions.has(append.partition)) {
        partitions.add(append.partition);
        bytes += append.bytes;
        taken.push(append);
      } else {
        left.push(append);
      }
    }
    waiting = left;
    return taken;
  }

  async function flush(taken: readonly Waiting[]): Promise<void> {
    try {
      const bases = await send(pool, taken, answerWithinMs);
      for (const append of taken) {
        const baseOffset = bases.get(append.partition);
        if (baseOffset === undefined) {
          append.resolve({ status: "fenced" });
          continue;
        }
        appended(append, baseOffset);
        append.resolve({ status: "appended", baseOffset });
      }
    } catch (error) {
      for (const append of taken) append.reject(error);
    }
  }

  return {
    append(partition, records) {
      return new Promise((resolve, reject) => {
        const bytes = records.reduce((sum, record) => sum + (record.kind === "event" ? record.value.length : 100), 0);
        waiting.push({ partition, records, bytes, resolve, reject });
        running ??= run();
      });
    },
    idle: async () => {
      while (running !== null) await running;
    },
  };
}

async function send(
  pool: Pool,
  appends: readonly Append[],
  answerWithinMs: number,
): Promise<ReadonlyMap<number, number>> {
  const columns = emptyColumns();
  for (const { partition, records } of appends) {
    records.forEach((record, index) => {
      addRecord(columns, partition, index, record);
    });
  }
  const statement = {
    name: "log-append",
    text: appendStatement,
    query_timeout: answerWithinMs,
    values: [
      int4Array(appends.map(({ partition }) => partition)),
      textArray(appends.map(({ records }) => expectedEpoch(records[0]))),
      int4Array(appends.map(({ records }) => records.length)),
      ...columnParameters(columns),
    ],
  };
  const result = await pool.query<{ partition: number; base: string }>(statement);
  return new Map(result.rows.map((row) => [row.partition, Number(row.base)]));
}

function expectedEpoch(record: Election | EventRecord | undefined): string {
  return record?.kind === "event" ? String(record.epoch.offset) : "";
}
