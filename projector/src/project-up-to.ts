import type { ClientBase } from "pg";
import { CannotStart } from "@chat/shared/cannot-start";
import type { EventLog } from "@chat/shared/log/event-log";
import { readEvents, type EventBatch } from "@chat/shared/log/fenced-reader";
import { gather } from "./gather.ts";
import type { Positions } from "./generation.ts";
import { inTransaction } from "./in-transaction.ts";
import { createBatchProjector, type PartitionEvents } from "./project-batch.ts";
import { projectOrIsolate, type PoisonedPart } from "./project-or-isolate.ts";
import { skipStatements } from "./skip.ts";

/** Larger than when following live: nobody reads this generation yet. */
const maxBatchEvents = 5_000;

/** How long the log may be silent, in one look, while it still owes records. */
const lookMs = 1_000;

export interface NewGeneration {
  readonly log: EventLog;
  readonly client: ClientBase;
  readonly schema: string;
  readonly signal: AbortSignal;
  /** What operators have skipped is tried here as well, and skipped again only if it still fails. */
  readonly wasSkipped: (partition: number, offset: number) => boolean;
  /** After each commit, with the number of records that are still to come. */
  readonly committed: (left: number) => void;
}

/** The live read models stay; says why. */
export class RebuildFailed extends CannotStart {
  override readonly name = "RebuildFailed";
}

/** Brings a generation that nobody else writes from its positions to exactly `target`. */
export async function projectUpTo(generation: NewGeneration, from: Positions, target: Positions): Promise<void> {
  const { log, client, schema } = generation;
  const positions = new Map(from);
  const projector = createBatchProjector(client, schema);
  while (recordsLeft(positions, target) > 0) {
    const over = new AbortController();
    const signal = AbortSignal.any([generation.signal, over.signal]);
    const behind = new Map([...positions].filter(([partition, { offset }]) => offset < offsetIn(target, partition)));
    const gathered = gather(readEvents(log, behind, signal), { maxEvents: maxBatchEvents, signal });
    try {
      let poisoned: readonly PoisonedPart[] = [];
      while (poisoned.length === 0 && recordsLeft(positions, target) > 0) {
        generation.signal.throwIfAborted();
        const batch = (await gathered.take(lookMs)).flatMap((part) => upTo(target, positions, part));
        if (batch.length === 0) continue;
        poisoned = await projectOrIsolate(projector, batch);
        for (const { partition, next } of batch) positions.set(partition, next);
        for (const part of poisoned) positions.set(part.partition, await skipAgain(generation, part));
        generation.committed(recordsLeft(positions, target));
      }
    } finally {
      over.abort();
    }
  }
}

/** What of a batch lies before the target; nothing when the partition is there already. */
function upTo(target: Positions, positions: Positions, { partition, events, next }: EventBatch): PartitionEvents[] {
  const from = positions.get(partition);
  const end = target.get(partition);
  if (from === undefined || end === undefined || from.offset >= end.offset) return [];
  if (next.offset <= end.offset) return [{ partition, from, events, next }];
  return [{ partition, from, events: events.filter(({ offset }) => offset < end.offset), next: end }];
}

async function skipAgain({ client, schema, wasSkipped }: NewGeneration, { partition, at, event, error }: PoisonedPart) {
  if (!wasSkipped(partition, at.offset)) {
    throw new RebuildFailed(`partition ${partition} at offset ${at.offset}: ${String(error)}`, { cause: error });
  }
  const next = { offset: at.offset + 1, epoch: at.epoch };
  await inTransaction(client, skipStatements(schema, { partition, from: at, events: [event], next }, event));
  return next;
}

export function recordsLeft(positions: Positions, target: Positions): number {
  let left = 0;
  for (const [partition, { offset }] of target) left += Math.max(0, offset - offsetIn(positions, partition));
  return left;
}

function offsetIn(positions: Positions, partition: number): number {
  return positions.get(partition)?.offset ?? 0;
}
