import type { Epoch } from "./position.ts";

/** The first record of every partition: which log this is. */
export interface LogCreated {
  readonly kind: "log-created";
  readonly logId: string;
  readonly partition: number;
  readonly partitions: number;
}

/** Its offset and id begin a new epoch: whoever wrote it is from here on the partition's only writer. */
export interface Election {
  readonly kind: "election";
  readonly logId: string;
  readonly writer: string;
  readonly id: string;
}

/** One event as its writer appended it. It counts only if `epoch` is the reigning one: see `fence.ts`. */
export interface EventRecord {
  readonly kind: "event";
  readonly epoch: Epoch;
  /** The chat's id: all events of a chat stand in one partition. */
  readonly key: string;
  /** The encoded event, JSON text. Opaque to the log. */
  readonly value: string;
}

export type LogRecord = LogCreated | Election | EventRecord;
export type StoredRecord = LogRecord & { readonly offset: number };

/** Consecutive records of one partition. `next` is the offset to go on from; a batch without records still moves a reader. */
export interface RecordBatch {
  readonly partition: number;
  readonly records: readonly StoredRecord[];
  readonly next: number;
}

export interface ReadOptions {
  /** Nobody waits for each record by itself: what comes within some milliseconds may come together, which spares the log. */
  readonly patient?: boolean;
}

/**
 * `appended`: durable from `baseOffset` on, in one piece. `fenced`: surely not written, another epoch reigns
 * (only an adapter that can append conditionally says so).
 */
export type AppendAnswer = { readonly status: "appended"; readonly baseOffset: number } | { readonly status: "fenced" };

/**
 * The log as this system needs it, and no more: P partitions of records with dense offsets.
 *
 * Kafka is the model: `append` is unconditional there, so nobody but `partition-writer.ts` calls it, and nobody but
 * `fenced-reader.ts` calls `read`; `copy-log.ts` does both, where no other writer works yet, and `migrate` looks for users in all
 * that was ever written, counted or not. Adapters pass `event-log.contract.ts`.
 */
export interface EventLog {
  readonly id: string;
  readonly partitions: number;
  /**
   * Appends one Election, or events of one epoch, in one piece. A rejected promise, whatever its error, means
   * *unknown*: the records may be there, may come later, or never. It always settles, if need be by a timeout of the
   * adapter's: a writer that is to stop waits for it.
   */
  append(partition: number, records: readonly (Election | EventRecord)[]): Promise<AppendAnswer>;
  /** The next offset of every partition. An append that was answered before this call began is counted. */
  ends(): Promise<readonly number[]>;
  /**
   * Reads for ever from the given offsets on, partition by partition in order, until `signal` is aborted.
   * Throws `LogHalted` when an offset lies below the first record or past the end: never a silent jump.
   */
  read(from: ReadonlyMap<number, number>, signal: AbortSignal, options?: ReadOptions): AsyncIterable<RecordBatch>;
  close(): Promise<void>;
}

/** The log is not what this reader knew: cut, replaced, or with a hole. Going on would show a history that never was. */
export class LogHalted extends Error {
  override readonly name = "LogHalted";
  readonly partition: number;
  readonly offset: number;
  constructor(partition: number, offset: number, why: string) {
    super(`partition ${String(partition)} at offset ${String(offset)}: ${why}`);
    this.partition = partition;
    this.offset = offset;
  }
}
