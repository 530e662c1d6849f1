import { LogHalted, type EventLog } from "../log/event-log.ts";
import { readEvents } from "../log/fenced-reader.ts";
import { leadPartition, type Leadership } from "../log/partition-writer.ts";
import { startOfPartition, type Position } from "../log/position.ts";

/** How much a writer writes before it looks whether to go on. */
const valuesAtOnce = 50;

export interface Written {
  /** By partition, in order. Values begin with `<partition>.`. */
  readonly written: readonly (readonly string[])[];
  /** By all partitions' reader, as they came; it goes on reading until `stop`. */
  readonly seen: readonly string[];
  stop(): Promise<void>;
}

/** Writes and reads in all partitions from before `disturb` until after it. */
export async function whileWriting(log: EventLog, disturb: () => Promise<void>): Promise<Written> {
  const partitions = Array.from({ length: log.partitions }, (_, partition) => partition);
  const seen: string[] = [];
  const stop = new AbortController();
  const tailing = tailAll(log, seen, stop.signal);
  const written = partitions.map((): string[] => []);
  let disturbed = false;
  const writing = partitions.map(async (partition) => {
    const mine = written[partition] ?? [];
    while (!disturbed) {
      const values = Array.from({ length: valuesAtOnce }, (_, index) => `${partition}.${mine.length + index}`);
      await writeAll(log, partition, values);
      mine.push(...values);
    }
  });
  await disturb();
  disturbed = true;
  await Promise.all(writing);
  return {
    written,
    seen,
    async stop() {
      stop.abort();
      await tailing;
    },
  };
}

/** Reads as the services do: whatever is not `LogHalted` is tried again from where it was. Ends with `signal`. */
async function tailAll(log: EventLog, seen: string[], signal: AbortSignal): Promise<void> {
  const positions = new Map(Array.from({ length: log.partitions }, (_, partition) => [partition, startOfPartition]));
  while (!signal.aborted) {
    try {
      for await (const { partition, events, next } of readEvents(log, positions, signal)) {
        seen.push(...events.map(({ value }) => value));
        positions.set(partition, next);
      }
    } catch (error) {
      if (error instanceof LogHalted) throw error;
    }
  }
}

/**
 * Writes as an owner does: after an outcome that is unknown it elects itself again, reads, and then knows whether what
 * was in doubt stands. Values begin with `<partition>.` and come once each, in order, whatever happens on the way.
 */
async function writeAll(log: EventLog, partition: number, values: readonly string[]): Promise<void> {
  const landed = new Set<string>();
  let leader: Leadership | null = null;
  let known: Position = startOfPartition;
  for (let index = 0; index < values.length;) {
    const value = values[index] ?? "";
    try {
      leader ??= await leadPartition(
        { log, partition, writer: "spec", electionId: Math.random().toString(36).slice(2) },
        known,
        (batch) => {
          for (const event of batch.events) landed.add(event.value);
          known = batch.next;
        },
      );
      if (!landed.has(value)) await leader.append([{ key: "chat", value }]);
      known = leader.position();
      index += 1;
    } catch (error) {
      if (error instanceof LogHalted) throw error;
      leader = null;
    }
  }
}
