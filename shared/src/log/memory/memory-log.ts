import { LogHalted, type AppendAnswer, type EventLog, type StoredRecord } from "../event-log.ts";

/** How many records one batch holds at most, so that specs see more than one. */
const maxBatchRecords = 100;

interface Options {
  readonly id: string;
  readonly partitions: number;
}

/**
 * The log in memory, for specs: appends are unconditional as in Kafka, nothing is durable, nothing fails.
 * `records` is open to specs that want to cut or forge the log.
 */
export interface MemoryLog extends EventLog {
  readonly records: StoredRecord[][];
}

export function createMemoryLog({ id, partitions }: Options): MemoryLog {
  const records: StoredRecord[][] = Array.from({ length: partitions }, (_, partition) => [
    { kind: "log-created", logId: id, partition, partitions, offset: 0 },
  ]);
  const sleeping = new Set<() => void>();

  function wakeReaders(): void {
    for (const wake of sleeping) wake();
  }

  function recordsOf(partition: number): StoredRecord[] {
    const of = records[partition];
    if (of === undefined) throw new Error(`there is no partition ${String(partition)}`);
    return of;
  }

  return {
    id,
    partitions,
    records,

    append(partition, added): Promise<AppendAnswer> {
      const of = recordsOf(partition);
      const baseOffset = of.length;
      added.forEach((record, index) => of.push({ ...record, offset: baseOffset + index }));
      wakeReaders();
      return Promise.resolve({ status: "appended", baseOffset });
    },

    ends: () => Promise.resolve(records.map((of) => of.length)),

    async *read(from, signal) {
      const offsets = new Map(from);
      while (!signal.aborted) {
        let idle = true;
        for (const [partition, offset] of offsets) {
          const of = recordsOf(partition);
          if (offset > of.length) {
            throw new LogHalted(partition, offset, `the log ends at ${String(of.length)}: it was cut`);
          }
          const batch = of.slice(offset, offset + maxBatchRecords);
          if (batch.length === 0) continue;
          idle = false;
          offsets.set(partition, offset + batch.length);
          yield { partition, records: batch, next: offset + batch.length };
        }
        if (idle) await nextAppend(sleeping, signal);
      }
    },

    close() {
      wakeReaders();
      return Promise.resolve();
    },
  };
}

function nextAppend(sleeping: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      sleeping.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    sleeping.add(wake);
    signal.addEventListener("abort", wake, { once: true });
    if (signal.aborted) wake();
  });
}
