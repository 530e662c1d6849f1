import { int4Array, int8Array, textArray } from "../../postgres/binary-array.ts";
import { parseControlRecord } from "../control-record.ts";
import { LogHalted, type Election, type LogCreated, type LogRecord, type StoredRecord } from "../event-log.ts";
import { formatEpoch, parseEpoch } from "../position.ts";

/** How a record stands in `log.records`. Control records keep their fields as JSON in `value`. */
export interface RecordRow {
  readonly partition: number;
  /** A bigint, which pg hands over as text. */
  readonly offset: string;
  readonly kind: number;
  readonly epoch: string;
  readonly key: string;
  readonly value: string;
}

const kinds = { "log-created": 0, election: 1, event: 2 } as const;

/** Columns as parameters for one `unnest`. */
export interface RecordColumns {
  readonly partition: number[];
  readonly index: number[];
  readonly kind: number[];
  readonly epoch: string[];
  readonly key: string[];
  readonly value: string[];
}

export const emptyColumns = (): RecordColumns => ({
  partition: [],
  index: [],
  kind: [],
  epoch: [],
  key: [],
  value: [],
});

export function addRecord(columns: RecordColumns, partition: number, index: number, record: LogRecord): void {
  columns.partition.push(partition);
  columns.index.push(index);
  columns.kind.push(kinds[record.kind]);
  columns.epoch.push(record.kind === "event" ? formatEpoch(record.epoch) : "");
  columns.key.push(record.kind === "event" ? record.key : "");
  columns.value.push(record.kind === "event" ? record.value : JSON.stringify(controlFields(record)));
}

/** For `unnest($n::int4[], $n::int8[], $n::int4[], $n::text[], $n::text[], $n::text[])`. */
export const columnParameters = (columns: RecordColumns): Buffer[] => [
  int4Array(columns.partition),
  int8Array(columns.index),
  int4Array(columns.kind),
  textArray(columns.epoch),
  textArray(columns.key),
  textArray(columns.value),
];

function controlFields(record: LogCreated | Election): object {
  const { kind, ...fields } = record;
  return kind === "election" || kind === "log-created" ? fields : record;
}

/** Throws `LogHalted` for what none of us has written: somebody has changed the table by hand. */
export function recordFrom(row: RecordRow): StoredRecord {
  const offset = Number(row.offset);
  try {
    return { ...contentOf(row), offset };
  } catch (error) {
    throw new LogHalted(row.partition, offset, `this record is none of ours: ${(error as Error).message}`);
  }
}

function contentOf({ kind, epoch: epochText, key, value }: RecordRow): LogRecord {
  if (kind === kinds["log-created"]) return parseControlRecord("log-created", value);
  if (kind === kinds.election) return parseControlRecord("election", value);
  if (kind !== kinds.event) throw new Error(`there is no kind ${String(kind)}`);
  const epoch = parseEpoch(epochText);
  if (epoch === null) throw new Error("it has no epoch");
  return { kind: "event", epoch, key, value };
}
