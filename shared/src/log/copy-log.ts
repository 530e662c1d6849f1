import { isDeepStrictEqual } from "node:util";
import { CannotStart } from "../cannot-start.ts";
import {
  LogHalted,
  type AppendAnswer,
  type Election,
  type EventLog,
  type LogRecord,
  type StoredRecord,
} from "./event-log.ts";
import { judge, positionAfter, type LogIdentity } from "./fence.ts";
import { sameEpoch, startOfPartition } from "./position.ts";

/** What one append carries at most: a batch as an owner makes it, which every topic of ours takes. */
const maxBatchBytes = 512 * 1024;
const maxBatchRecords = 500;
/** Partitions that are copied at once: enough to fill the requests, few enough for a database's connections. */
const maxPartitionsAtOnce = 8;

/** A log that is sealed: every partition ends with the copier's Election, and nothing will come behind it. */
export interface CopySource extends LogIdentity {
  readonly ends: readonly number[];
  /** All records of one partition in order. */
  read(partition: number): AsyncIterable<readonly StoredRecord[]>;
}

/** Where the copy goes. As in `EventLog`, but LogCreated, too, is appended, and a rejected append is unknown. */
export interface CopyTarget extends Pick<EventLog, "ends" | "read"> {
  append(partition: number, records: readonly LogRecord[]): Promise<AppendAnswer>;
}

export interface Copying {
  readonly source: CopySource;
  readonly target: CopyTarget;
  /** For a person: "the topic chat-events". */
  readonly targetName: string;
  /** Another one at each call. It names the copier as its writer. */
  readonly election: (logId: string) => Election;
  /** Called for records that are in the target and proven to be the source's. */
  readonly copied: (records: number) => void;
  /** Checked between appends: what was copied stays, and the next call goes on behind it. */
  readonly signal: AbortSignal;
}

/**
 * Brings every record of `source` to the same place in `target`, and ends every partition there with one more Election:
 * whatever an earlier copier that was cut may still have on its way is then void for every reader (`fence.ts`).
 *
 * What is there already is compared record by record, and the copy goes on behind it. Offsets and the chain of epochs stay
 * what they were, so positions, cursors and checkpoints mean the same in both logs. Throws `CannotStart` when the target
 * holds anything else, when an append lands elsewhere than expected, when its outcome is unknown, or at `signal`;
 * `LogHalted` when the source itself is not whole.
 */
export async function copyLog(copying: Copying): Promise<void> {
  const { source, target } = copying;
  const ends = await target.ends().catch((error: unknown) => {
    throw noAnswer(copying, error);
  });
  const partitions = Array.from({ length: source.partitions }, (_, partition) => partition);
  await eachOf(partitions, (partition) => copyPartition(copying, partition, ends[partition] ?? 0));
  await eachOf(partitions, (partition) => endPartition(copying, partition, ends[partition] ?? 0));
}

async function copyPartition(copying: Copying, partition: number, there: number): Promise<void> {
  const { source } = copying;
  const end = source.ends[partition] ?? 0;
  const known = recordsOf(copying, partition, 0, Math.min(there, end));
  const batch = createBatch(copying, partition);
  let position = startOfPartition;
  try {
    for await (const page of source.read(partition)) {
      for (const record of page) {
        judge(source, partition, position, record);
        position = positionAfter(position, record);
        if (record.offset < there) await compareNext(copying, partition, known, record);
        else await batch.add(record);
      }
      copying.copied(page.filter(({ offset }) => offset < there).length);
      refuseIfStopped(copying);
    }
    await batch.flush();
  } finally {
    await known.return(undefined);
  }
  if (position.offset === end) return;
  throw new LogHalted(partition, position.offset, `the log should reach up to ${end}: records are missing`);
}

async function compareNext(
  copying: Copying,
  partition: number,
  known: AsyncIterator<StoredRecord>,
  record: StoredRecord,
): Promise<void> {
  const found = await known.next();
  refuseIfStopped(copying);
  if (found.done !== true && isDeepStrictEqual(found.value, record)) return;
  throw holdsElse(copying, `partition ${partition}, offset ${record.offset}, is another record`);
}

/** A partition that a copier before us has ended is left alone; if anything stands behind, somebody works there already. */
async function endPartition(copying: Copying, partition: number, there: number): Promise<void> {
  const { source, election } = copying;
  const end = source.ends[partition] ?? 0;
  const mine = election(source.id);
  if (there > end) {
    const [found, ...more] = await allOf(recordsOf(copying, partition, end, there));
    refuseIfStopped(copying);
    const isOurs = found?.kind === "election" && found.writer === mine.writer && found.logId === source.id;
    if (isOurs && more.length === 0) return;
    throw holdsElse(copying, `partition ${partition} goes on behind the copy, from offset ${end} on`);
  }
  await appendAt(copying, partition, end, [mine]);
}

interface Batch {
  add(record: StoredRecord): Promise<void>;
  flush(): Promise<void>;
}

/** As the port wants it: an Election alone, or events of one epoch. */
function createBatch(copying: Copying, partition: number): Batch {
  let records: StoredRecord[] = [];
  let bytes = 0;

  async function flush(): Promise<void> {
    const [first] = records;
    if (first === undefined) return;
    await appendAt(copying, partition, first.offset, records);
    copying.copied(records.length);
    refuseIfStopped(copying);
    records = [];
    bytes = 0;
  }

  return {
    flush,
    async add(record) {
      const more = record.kind === "event" ? Buffer.byteLength(record.key) + Buffer.byteLength(record.value) : 0;
      const [first] = records;
      const fits = records.length < maxBatchRecords && bytes + more <= maxBatchBytes;
      if (first !== undefined && !(fits && belongTogether(first, record))) await flush();
      records.push(record);
      bytes += more;
    },
  };
}

function belongTogether(a: LogRecord, b: LogRecord): boolean {
  return a.kind === "event" && b.kind === "event" && sameEpoch(a.epoch, b.epoch);
}

async function appendAt(
  copying: Copying,
  partition: number,
  offset: number,
  records: readonly (LogRecord & { readonly offset?: number })[],
): Promise<void> {
  const bare = records.map(({ offset: _, ...record }) => record);
  const answer = await copying.target.append(partition, bare).catch((error: unknown) => {
    throw noAnswer(copying, error);
  });
  if (answer.status === "appended" && answer.baseOffset === offset) return;
  const landed = answer.status === "appended" ? `landed at ${answer.baseOffset}` : "were refused";
  throw holdsElse(copying, `records of partition ${partition} for offset ${offset} ${landed}: somebody else writes`);
}

/** The target's records from `from` to just before `end`, one by one. */
async function* recordsOf(
  copying: Copying,
  partition: number,
  from: number,
  end: number,
): AsyncGenerator<StoredRecord> {
  if (from >= end) return;
  const { target, signal } = copying;
  try {
    for await (const { records, next } of target.read(new Map([[partition, from]]), signal)) {
      for (const record of records) if (record.offset < end) yield record;
      if (next >= end) return;
    }
  } catch (error) {
    throw error instanceof LogHalted ? holdsElse(copying, error.message, error) : noAnswer(copying, error);
  }
}

async function allOf(records: AsyncIterable<StoredRecord>): Promise<StoredRecord[]> {
  const all: StoredRecord[] = [];
  for await (const record of records) all.push(record);
  return all;
}

function refuseIfStopped({ signal }: Copying): void {
  if (signal.aborted) throw new CannotStart("stopped before the end: run the same command again, and it goes on");
}

function noAnswer({ targetName }: Copying, cause: unknown): CannotStart {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CannotStart(
    `${targetName} gave no clear answer (${reason}): run the same command again, it compares what is there and goes on`,
    { cause },
  );
}

function holdsElse({ targetName }: Copying, what: string, cause?: unknown): CannotStart {
  return new CannotStart(
    `${targetName} is void for this copy: ${what}; delete it and run the same command again, nothing is lost here`,
    { cause },
  );
}

/** A few at a time; after the first failure none is begun, and those under way have ended before it is thrown. */
async function eachOf(partitions: readonly number[], work: (partition: number) => Promise<void>): Promise<void> {
  const waiting = [...partitions];
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && failures.length === 0; next = waiting.shift()) {
      await work(next).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: maxPartitionsAtOnce }, lane));
  if (failures.length > 0) throw failures[0];
}
