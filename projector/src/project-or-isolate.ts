import type { StoredEvent } from "@chat/shared/log/fenced-reader";
import type { Position } from "@chat/shared/log/position";
import { isDatabaseUnavailable } from "@chat/shared/postgres/unavailable";
import { sqlState } from "./in-transaction.ts";
import { StaleCheckpoint, type BatchProjector, type PartitionEvents } from "./project-batch.ts";

/** An event that cannot be projected for a reason in itself. Its partition's checkpoint stands right before it. */
export interface PoisonedPart {
  readonly partition: number;
  readonly at: Position;
  readonly event: StoredEvent;
  readonly error: unknown;
}

/**
 * Projects a batch; when it fails for a reason in itself, finds the events: each partition alone, then by halves.
 * What stands before such an event is projected, nothing behind it in its partition is, and the other partitions are
 * not touched by it. Throws only what says nothing about the events: a stale checkpoint, a database that is away.
 */
export async function projectOrIsolate(
  projector: BatchProjector,
  batch: readonly PartitionEvents[],
): Promise<readonly PoisonedPart[]> {
  if ((await attempt(projector, batch)) === null) return [];
  const poisoned: PoisonedPart[] = [];
  for (const part of batch) {
    const found = await isolate(projector, part);
    if (found !== null) poisoned.push(found);
  }
  return poisoned;
}

async function isolate(projector: BatchProjector, part: PartitionEvents): Promise<PoisonedPart | null> {
  const failure = await attempt(projector, [part]);
  if (failure === null) return null;
  const [event] = part.events;
  if (event === undefined) throw failure.error;
  if (part.events.length > 1) {
    const [before, behind] = halves(part);
    return (await isolate(projector, before)) ?? (await isolate(projector, behind));
  }
  // The checkpoint goes past what was dropped: right before the event is where an operator will look for it.
  const { partition, from } = part;
  const at = { offset: event.offset, epoch: event.epoch };
  if (from.offset < at.offset) await projector.project([{ partition, from, events: [], next: at }]);
  return { partition, at, event, error: failure.error };
}

/** Null when it succeeded. */
async function attempt(
  projector: BatchProjector,
  batch: readonly PartitionEvents[],
): Promise<{ readonly error: unknown } | null> {
  try {
    await projector.project(batch);
    return null;
  } catch (error) {
    if (error instanceof StaleCheckpoint || isPassing(error)) throw error;
    return { error };
  }
}

/** Cancelled, out of a lock, in a deadlock: the same batch may succeed later. */
const passingStates: ReadonlySet<string> = new Set(["57014", "55P03", "40P01", "40001"]);

export function isPassing(error: unknown): boolean {
  return isDatabaseUnavailable(error) || passingStates.has(sqlState(error) ?? "");
}

function halves(part: PartitionEvents): readonly [PartitionEvents, PartitionEvents] {
  const middle = Math.ceil(part.events.length / 2);
  const behind = part.events.slice(middle);
  const first = behind[0];
  if (first === undefined) throw new Error("one event has no halves");
  const between = { offset: first.offset, epoch: first.epoch };
  return [
    { ...part, events: part.events.slice(0, middle), next: between },
    { ...part, events: behind, from: between },
  ];
}
