import type { Pool, PoolClient } from "pg";
import type { Election, StoredRecord } from "../event-log.ts";
import { formatMove, parseMove, type Move } from "./moved-log.ts";
import { addRecord, columnParameters, emptyColumns, recordFrom, type RecordRow } from "./record-rows.ts";

/** Records of one partition that are held at a time. */
const maxPageRecords = 500;

/** The log of a database as somebody finds it who wants to move it. */
export interface FoundLog {
  readonly id: string;
  readonly partitions: number;
  /** The next offset of every partition. */
  readonly ends: readonly number[];
  /** Null when the log is at home and takes appends. */
  readonly move: Move | null;
}

/** Null when there is no log. */
export async function findPostgresLog(pool: Pool | PoolClient): Promise<FoundLog | null> {
  const { rows } = await pool.query<{ log_id: string; next_offset: string; epoch: string }>(
    "SELECT log_id, next_offset, epoch FROM log.identity, log.partitions ORDER BY partition",
  );
  const [first] = rows;
  if (first === undefined) return null;
  const ends = rows.map((row) => Number(row.next_offset));
  return { id: first.log_id, partitions: rows.length, ends, move: parseMove(first.epoch) };
}

/**
 * Ends every partition with an Election and lets nobody append any more, in one commit: from then on all that was ever
 * acknowledged lies below these Elections. A log that is sealed already stays as it is.
 */
export async function sealPostgresLog(
  pool: Pool,
  where: string,
  election: (logId: string) => Election,
): Promise<FoundLog> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    // In the order in which appends lock them.
    await client.query("SELECT FROM log.partitions ORDER BY partition FOR UPDATE");
    const found = await findPostgresLog(client);
    if (found === null) throw new Error("this database holds no log");
    if (found.move === null) {
      const columns = emptyColumns();
      found.ends.forEach((end, partition) => addRecord(columns, partition, end, election(found.id)));
      await client.query(
        `INSERT INTO log.records (partition, "offset", kind, epoch, key, value)
         SELECT * FROM unnest($1::int4[], $2::int8[], $3::int4[], $4::text[], $5::text[], $6::text[])`,
        columnParameters(columns),
      );
      const mark = formatMove({ state: "moving", where });
      await client.query("UPDATE log.partitions SET next_offset = next_offset + 1, epoch = $1", [mark]);
    }
    const sealed = await findPostgresLog(client);
    await client.query("COMMIT");
    return sealed ?? found;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

/** All of a sealed log is elsewhere now: who asks for it is sent there. */
export async function markMoved(pool: Pool, where: string): Promise<void> {
  await pool.query("UPDATE log.partitions SET epoch = $1 WHERE epoch = $2", [
    formatMove({ state: "moved", where }),
    formatMove({ state: "moving", where }),
  ]);
}

/** All records of one partition of a sealed log, in order. */
export async function* readSealed(pool: Pool, partition: number): AsyncGenerator<readonly StoredRecord[]> {
  for (let from = 0; ;) {
    const { rows } = await pool.query<RecordRow>({
      name: "log-read-sealed",
      text: `SELECT partition, "offset", kind, epoch, key, value FROM log.records
             WHERE partition = $1 AND "offset" >= $2 ORDER BY "offset" LIMIT ${maxPageRecords}`,
      values: [partition, from],
    });
    const records = rows.map(recordFrom);
    const last = records.at(-1);
    if (last === undefined) return;
    yield records;
    from = last.offset + 1;
  }
}
