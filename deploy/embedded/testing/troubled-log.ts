import { setTimeout as pause } from "node:timers/promises";
import type { AppendAnswer, Election, EventLog, EventRecord, StoredRecord } from "@chat/shared/log/event-log";
import { positionAfter } from "@chat/shared/log/fence";
import { startOfPartition, type Epoch } from "@chat/shared/log/position";

type Append = (partition: number, records: readonly (Election | EventRecord)[], log: EventLog) => Promise<AppendAnswer>;

/** The log for one who writes it, with appends of events made otherwise once in `oneIn` times. */
export function sometimesAppending(log: EventLog, oneIn: number, otherwise: Append): EventLog {
  return {
    ...log,
    append: (partition, records) =>
      records[0]?.kind === "event" && Math.random() * oneIn < 1
        ? otherwise(partition, records, log)
        : log.append(partition, records),
  };
}

/** Longer than it takes to be elected again. */
const LATE_MS = 60;

/** As from a broker: there is no answer, and what was to be written comes when another Election stands before it. */
export const appendLate: Append = (partition, records, log) => {
  void pause(LATE_MS).then(() => log.append(partition, records));
  return Promise.reject(new Error("no answer came"));
};

/** What stands there in place of records that are not to count. No reader lets it pass. */
export function madeVoid(records: readonly (Election | EventRecord)[]): readonly (Election | EventRecord)[] {
  return records.map((record) => (record.kind === "event" ? { ...record, epoch: noEpoch } : record));
}

/** Older than any Election. */
const noEpoch: Epoch = { offset: 0, id: "none" };

/** The log for one who reads it, with every record as `change` makes it. */
export function readingOtherwise(
  log: EventLog,
  change: (record: StoredRecord, partition: number) => StoredRecord,
): EventLog {
  return {
    ...log,
    async *read(from, signal) {
      for await (const batch of log.read(from, signal))
        yield { ...batch, records: batch.records.map((record) => change(record, batch.partition)) };
    },
  };
}

/** Takes every record for one of the reigning writer's. It has to be read from the start, for epochs stand for all before them. */
export function withoutFence(log: EventLog): EventLog {
  const reigns = new Map<number, Epoch[]>();
  return readingOtherwise(log, (record, partition) => {
    const known = reigns.get(partition) ?? [];
    reigns.set(partition, known);
    const before = known.findLast(({ offset }) => offset < record.offset) ?? null;
    if (record.kind === "event") return before === null ? record : { ...record, epoch: before };
    const { epoch } = positionAfter({ ...startOfPartition, epoch: before }, record);
    if (epoch !== null && known.every(({ offset }) => offset < epoch.offset)) known.push(epoch);
    return record;
  });
}
