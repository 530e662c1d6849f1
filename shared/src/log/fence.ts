import { createHash } from "node:crypto";
import { LogHalted, type Election, type StoredRecord } from "./event-log.ts";
import { formatEpoch, sameEpoch, type Epoch, type Position } from "./position.ts";

/** What identifies a log; a reader that finds another one at work stops. */
export interface LogIdentity {
  readonly id: string;
  readonly partitions: number;
}

export type Verdict = "event" | "dropped" | "election" | "log-created";

/**
 * The fence: decides whether a record counts, for every reader and writer alike.
 *
 * An Election opens an epoch. A record of the reigning epoch is an event; one of an older epoch was appended by a
 * writer that had already lost the partition and is dropped. A record of a newer epoch, of the same offset with
 * another id, or of another log cannot be there unless the log was cut or something was missed: `LogHalted`.
 *
 * Since an epoch's id stands for all Elections before it too, a reader who comes back to a log that was cut and has
 * grown beyond him again halts too, whatever he finds at his place: he has missed the Elections that made it grow, and
 * the first event of the next reign, at the latest, tells him so.
 */
export function judge(log: LogIdentity, partition: number, position: Position, record: StoredRecord): Verdict {
  const halt = (why: string): LogHalted => new LogHalted(partition, record.offset, why);
  if (record.offset !== position.offset) {
    throw halt(`the log has a hole: offset ${String(position.offset)} was expected`);
  }
  if ((record.offset === 0) !== (record.kind === "log-created")) {
    throw halt("offset 0, and only it, must be LogCreated: this is not a log of ours, or it was cut");
  }
  switch (record.kind) {
    case "log-created":
      if (record.logId !== log.id) throw halt(`this is log ${record.logId}, expected ${log.id}`);
      if (record.partition !== partition || record.partitions !== log.partitions) {
        throw halt(
          `says partition ${String(record.partition)} of ${String(record.partitions)}, expected ${String(partition)} of ${String(log.partitions)}`,
        );
      }
      return "log-created";
    case "election":
      if (record.logId !== log.id) throw halt(`an Election of log ${record.logId} in log ${log.id}`);
      return "election";
    case "event": {
      const reigning = position.epoch;
      if (reigning === null || record.epoch.offset > reigning.offset) {
        throw halt("a record of an epoch whose Election was never seen: the log was cut or something was missed");
      }
      if (record.epoch.offset < reigning.offset) return "dropped";
      if (record.epoch.id !== reigning.id) {
        throw halt("its writer knew other Elections than this reader: the log was cut and written again");
      }
      return "event";
    }
    default:
      return record satisfies never;
  }
}

/** The position behind `record`. */
export function positionAfter(position: Position, record: StoredRecord): Position {
  return {
    offset: record.offset + 1,
    epoch: record.kind === "election" ? epochBegun(position.epoch, record) : position.epoch,
  };
}

/** The Election's id, and 48 bits of a hash over it and the epoch before: so over all Elections there ever were. */
function epochBegun(before: Epoch | null, { offset, id }: Election & { readonly offset: number }): Epoch {
  const chained = createHash("sha256").update(`${formatEpoch(before)} ${String(offset)}:${id}`);
  return { offset, id: `${id}-${chained.digest("base64url").slice(0, 8)}` };
}

/** The records that show whether the log is still the one that was read up to `position`. */
export function witnesses({ offset, epoch }: Position): ReadonlySet<number> {
  return new Set(offset === 0 ? [] : [epoch?.offset ?? 0, offset - 1]);
}

/**
 * Throws `LogHalted` when `record`, a witness, cannot be what was read there. A writer asks before it is elected again:
 * if the log was cut and has grown meanwhile, what it remembers never happened.
 */
export function confirmWitness(partition: number, { epoch }: Position, record: StoredRecord): void {
  if (!isAsKnown(epoch, record)) {
    throw new LogHalted(partition, record.offset, "another record stands where we had read: the log was cut");
  }
}

function isAsKnown(epoch: Epoch | null, record: StoredRecord): boolean {
  switch (record.kind) {
    case "log-created":
      return epoch === null;
    case "election":
      return epoch?.offset === record.offset && epoch.id.startsWith(`${record.id}-`);
    case "event":
      if (epoch === null || record.offset <= epoch.offset) return false;
      return record.epoch.offset < epoch.offset || sameEpoch(record.epoch, epoch);
    default:
      return record satisfies never;
  }
}
