import { LogHalted, type EventLog, type EventRecord, type ReadOptions, type RecordBatch } from "./event-log.ts";
import { judge, positionAfter } from "./fence.ts";
import type { Position } from "./position.ts";

export type StoredEvent = EventRecord & { readonly offset: number };

/** Events of one partition in order; `next` is the position behind them, also when all records were dropped. */
export interface EventBatch {
  readonly partition: number;
  readonly events: readonly StoredEvent[];
  readonly next: Position;
}

/**
 * The one way to read the log: every consumer gets events through here, so the fence's rule stands in one place.
 * Reads for ever from `from` on, until `signal` is aborted. Throws `LogHalted` when the log is not what it was.
 */
export async function* readEvents(
  log: EventLog,
  from: ReadonlyMap<number, Position>,
  signal: AbortSignal,
  options?: ReadOptions,
): AsyncGenerator<EventBatch, void, undefined> {
  const positions = new Map(from);
  const offsets = new Map([...from].map(([partition, position]) => [partition, position.offset]));
  for await (const batch of log.read(offsets, signal, options)) {
    const position = positions.get(batch.partition);
    if (position === undefined) throw new Error(`partition ${String(batch.partition)} was not asked for`);
    const events = admit(log, position, batch);
    positions.set(batch.partition, events.next);
    yield events;
  }
}

/** Puts one batch of raw records through the fence. */
export function admit(log: EventLog, from: Position, batch: RecordBatch): EventBatch {
  const events: StoredEvent[] = [];
  let position = from;
  for (const record of batch.records) {
    const verdict = judge(log, batch.partition, position, record);
    if (verdict === "event" && record.kind === "event") events.push(record);
    position = positionAfter(position, record);
  }
  if (batch.next < position.offset) throw new LogHalted(batch.partition, batch.next, "the log went backwards");
  return { partition: batch.partition, events, next: { offset: batch.next, epoch: position.epoch } };
}
