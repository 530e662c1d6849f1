import type { Pool } from "pg";
import { CannotStart } from "../../cannot-start.ts";
import { int4Array, int8Array } from "../../postgres/binary-array.ts";
import { createWakeup, type Wakeup } from "../../wakeup.ts";
import { LogHalted, type EventLog, type RecordBatch, type StoredRecord } from "../event-log.ts";
import { defaultPartitions } from "../../settings.ts";
import { createAppendQueue } from "./append-queue.ts";
import { explainMove, parseMove } from "./moved-log.ts";
import { createRecentRecords, type RecentRecords } from "./recent-records.ts";
import { recordFrom, type RecordRow } from "./record-rows.ts";

/** Records of one partition in one batch at most: what a reader holds in memory is bounded by it. */
const maxBatchRecords = 500;
/** How often a reader that nobody woke looks for new records: another process's wake may be missed, or there is none. */
const defaultPollMs = 250;
/** Where nobody else appends nothing is missed. What is still to be noticed is that the log was moved elsewhere, or cut. */
const pollAloneMs = 2_000;
/**
 * Longer than a disk takes that is busy, and shorter than a service has for its stop. One statement carries the appends of
 * all partitions: behind one that a dead connection has swallowed, nothing would ever be written.
 */
const defaultAnswerWithinMs = 8_000;

interface Options {
  readonly pool: Pool;
  /** Woken when another process has appended, and woken by us for it. */
  readonly others?: Wakeup;
  /** No other process appends as long as this one runs. */
  readonly alone?: boolean;
  readonly pollMs?: number;
  /** How long the database may take for an append. */
  readonly answerWithinMs?: number;
}

/**
 * The log in Postgres: a counter row per partition and one statement for all appends that wait. Throws `CannotStart` when
 * it was moved elsewhere; one that is moved later halts its readers and writers.
 */
export async function openPostgresLog(options: Options): Promise<EventLog> {
  const { pool, others, alone = false, pollMs = alone ? pollAloneMs : defaultPollMs } = options;
  const { answerWithinMs = defaultAnswerWithinMs } = options;
  const { id, partitions } = await readIdentity(pool);
  const recent = createRecentRecords(partitions);
  const own = createWakeup();
  const queue = createAppendQueue({
    pool,
    answerWithinMs,
    appended({ partition, records }, baseOffset) {
      recent.add(
        partition,
        baseOffset,
        records.map((record, index) => ({ ...record, offset: baseOffset + index })),
      );
      own.wake();
      others?.wake();
    },
  });
  const closed = new AbortController();

  return {
    id,
    partitions,
    async append(partition, records) {
      const answer = await queue.append(partition, records);
      // Of a log that was moved nobody can be elected again, and the reason is to be said.
      if (answer.status === "fenced") await readEnds(pool, id);
      return answer;
    },
    ends: async () => (await readEnds(pool, id)).ends,
    read: (from, signal) =>
      readRecords({ pool, own, others, pollMs, recent, id }, from, AbortSignal.any([signal, closed.signal])),
    async close() {
      await queue.idle();
      closed.abort();
    },
  };
}

/**
 * Makes the log where there is none: its identity and LogCreated at offset 0 of every partition. Throws `CannotStart`
 * where there is one with another number of partitions, which never changes; undefined: as many as it has.
 */
export async function createPostgresLog(pool: Pool, logId: string, partitions: number | undefined): Promise<void> {
  await pool.query(
    `WITH made AS (
       INSERT INTO log.identity (log_id, partitions) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING *
     ), counters AS (
       INSERT INTO log.partitions SELECT p, 1, '' FROM made, generate_series(0, partitions - 1) AS p
     )
     INSERT INTO log.records
     SELECT p, 0, 0, '', '', json_build_object('logId', log_id, 'partition', p, 'partitions', partitions)
     FROM made, generate_series(0, partitions - 1) AS p`,
    [logId, partitions ?? defaultPartitions],
  );
  const found = await readIdentity(pool);
  if (partitions === undefined || found.partitions === partitions) return;
  throw new CannotStart(
    `PARTITIONS is ${String(partitions)}, but the log was made with ${String(found.partitions)}: that never changes; set it so`,
  );
}

async function readIdentity(pool: Pool): Promise<{ id: string; partitions: number }> {
  const { rows } = await pool.query<{ log_id: string; partitions: number; epoch: string }>(
    "SELECT log_id, partitions, epoch FROM log.identity, log.partitions WHERE partition = 0",
  );
  if (rows[0] === undefined) throw new Error("this database holds no log yet: run the migrations first");
  const move = parseMove(rows[0].epoch);
  if (move !== null) throw new CannotStart(explainMove(move));
  return { id: rows[0].log_id, partitions: rows[0].partitions };
}

/** One row: sixteen of three columns would cost every read of every client more than the question itself. */
const endsText = `
  SELECT log_id, string_agg(next_offset::text, ',' ORDER BY partition) AS ends, min(epoch) FILTER (WHERE partition = 0) AS epoch
  FROM log.partitions, log.identity GROUP BY log_id`;

async function readEnds(pool: Pool, id: string): Promise<{ ends: readonly number[] }> {
  const { rows } = await pool.query<{ log_id: string; ends: string; epoch: string }>({
    name: "log-ends",
    text: endsText,
  });
  const found = rows[0]?.log_id ?? "none";
  if (found !== id) throw new LogHalted(0, 0, `the database holds log ${found}, this service works on ${id}`);
  const ends = (rows[0]?.ends ?? "").split(",").map(Number);
  const move = parseMove(rows[0]?.epoch ?? "");
  if (move !== null) throw new LogHalted(0, ends[0] ?? 0, explainMove(move));
  return { ends };
}

interface Source {
  readonly pool: Pool;
  readonly own: Wakeup;
  readonly others: Wakeup | undefined;
  readonly pollMs: number;
  readonly recent: RecentRecords;
  readonly id: string;
}

async function* readRecords(
  source: Source,
  from: ReadonlyMap<number, number>,
  signal: AbortSignal,
): AsyncGenerator<RecordBatch, void, undefined> {
  const { recent, pool, id } = source;
  const offsets = new Map(from);
  let checkAt = 0;
  while (!signal.aborted) {
    let served = 0;
    for (const [partition, offset] of offsets) {
      const records = recent.from(partition, offset, maxBatchRecords);
      if (records === "forgotten") checkAt = 0;
      if (typeof records === "string") continue;
      served += 1;
      yield moveOn(offsets, partition, records);
      if (signal.aborted) return;
    }

    // What this process appends is at hand above; Postgres is asked for what others append, and for what was forgotten.
    // It has its turn however busy the partitions above are, or those that are behind would never catch up.
    const wait = checkAt - performance.now();
    if (wait > 0) {
      if (served === 0 && (await wokenByOthers(source, wait, signal))) checkAt = 0;
      continue;
    }
    const { ends } = await readEnds(pool, id);
    checkAt = performance.now() + source.pollMs;
    const behind = [...offsets]
      .filter(([partition, offset]) => isBehind(ends, partition, offset))
      .filter(([partition, offset]) => typeof recent.from(partition, offset, 1) === "string");
    for (const batch of await fetchBatches(pool, behind)) {
      yield moveOn(offsets, batch.partition, batch.records);
      if (signal.aborted) return;
    }
    if (behind.length > 0) checkAt = 0;
  }
}

/** Sleeps until somebody appended, `waitMs` at most; true when it was another process. */
async function wokenByOthers({ own, others }: Source, waitMs: number, signal: AbortSignal): Promise<boolean> {
  if (others === undefined) {
    await own.next(waitMs, signal);
    return false;
  }
  const awake = new AbortController();
  const either = AbortSignal.any([signal, awake.signal]);
  const first = await Promise.race([
    own.next(waitMs, either).then(() => false),
    others.next(waitMs, either).then(() => true),
  ]);
  awake.abort();
  return first;
}

function isBehind(ends: readonly number[], partition: number, offset: number): boolean {
  const end = ends[partition];
  if (end === undefined) throw new LogHalted(partition, offset, "there is no such partition");
  if (end < offset) throw new LogHalted(partition, offset, `the log ends at ${String(end)}: it was cut`);
  return end > offset;
}

function moveOn(offsets: Map<number, number>, partition: number, records: readonly StoredRecord[]): RecordBatch {
  const next = (records.at(-1)?.offset ?? -1) + 1;
  offsets.set(partition, next);
  return { partition, records, next };
}

async function fetchBatches(
  pool: Pool,
  from: readonly (readonly [number, number])[],
): Promise<{ partition: number; records: StoredRecord[] }[]> {
  if (from.length === 0) return [];
  const { rows } = await pool.query<RecordRow>({
    name: "log-read",
    text: `SELECT r.* FROM unnest($1::int4[], $2::int8[]) AS wanted(partition, start)
           CROSS JOIN LATERAL (
             SELECT partition, "offset", kind, epoch, key, value FROM log.records AS r
             WHERE r.partition = wanted.partition AND r."offset" >= wanted.start
             ORDER BY r."offset" LIMIT ${String(maxBatchRecords)}
           ) AS r`,
    values: [int4Array(from.map(([partition]) => partition)), int8Array(from.map(([, offset]) => offset))],
  });
  const batches = new Map<number, StoredRecord[]>();
  for (const row of rows) {
    const records = batches.get(row.partition) ?? [];
    batches.set(row.partition, records);
    records.push(recordFrom(row));
  }
  for (const [partition, offset] of from) {
    if (!batches.has(partition))
      throw new LogHalted(partition, offset, "the log's counter promises records that are not there");
  }
  return [...batches].map(([partition, records]) => ({ partition, records }));
}
