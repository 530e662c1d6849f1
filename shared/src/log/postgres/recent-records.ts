import type { StoredRecord } from "../event-log.ts";

/** Memory for what this process appended lately, all partitions together. Older records are read from Postgres. */
const maxRecentBytes = 16 * 1024 * 1024;
const recordOverheadBytes = 200;

/**
 * The newest run of records of each partition that this process appended itself. Committed records never change, so
 * readers in the same process are served from here without asking Postgres. Each run is without a hole: a record that
 * does not follow on begins it anew.
 */
export interface RecentRecords {
  add(partition: number, baseOffset: number, records: readonly StoredRecord[]): void;
  /**
   * At most `limit` records from `offset` on. "forgotten": the run begins above it, only Postgres has them. "none": we
   * appended nothing there, which says nothing of others.
   */
  from(partition: number, offset: number, limit: number): readonly StoredRecord[] | "forgotten" | "none";
}

interface Run {
  records: StoredRecord[];
  bytes: number;
}

export function createRecentRecords(partitions: number): RecentRecords {
  const runs: Run[] = Array.from({ length: partitions }, () => ({ records: [], bytes: 0 }));
  const maxRunBytes = Math.floor(maxRecentBytes / partitions);

  /** Cut in halves, so that cutting costs O(1) a record. */
  function cut(run: Run): void {
    if (run.bytes <= maxRunBytes) return;
    run.records = run.records.slice(Math.ceil(run.records.length / 2));
    run.bytes = run.records.reduce((sum, record) => sum + bytesOf(record), 0);
  }

  return {
    add(partition, baseOffset, records) {
      const run = runs[partition];
      if (run === undefined) return;
      const last = run.records.at(-1);
      if (last !== undefined && last.offset + 1 !== baseOffset) {
        run.records = [];
        run.bytes = 0;
      }
      for (const record of records) {
        run.records.push(record);
        run.bytes += bytesOf(record);
      }
      cut(run);
    },
    from(partition, offset, limit) {
      const records = runs[partition]?.records;
      const first = records?.[0];
      if (records === undefined || first === undefined) return "none";
      if (offset < first.offset) return "forgotten";
      const start = offset - first.offset;
      return start < records.length ? records.slice(start, start + limit) : "none";
    },
  };
}

function bytesOf(record: StoredRecord): number {
  return recordOverheadBytes + (record.kind === "event" ? record.value.length : 0);
}
