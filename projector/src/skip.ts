import type { ClientBase } from "pg";
import { CannotStart } from "@chat/shared/cannot-start";
import { isChatId } from "@chat/shared/ids";
import type { EventLog } from "@chat/shared/log/event-log";
import { readEvents, type StoredEvent } from "@chat/shared/log/fenced-reader";
import type { Position } from "@chat/shared/log/position";
import { liveSchema, readPositions } from "./generation.ts";
import { inTransaction } from "./in-transaction.ts";
import { createBatchProjector, StaleCheckpoint, type PartitionEvents } from "./project-batch.ts";
import { isPassing } from "./project-or-isolate.ts";
import { moveCheckpoints } from "./projections/checkpoints.ts";
import { degradeChat } from "./projections/degraded.ts";
import type { Statement } from "./projections/projection.ts";

export interface SkipRequest {
  readonly partition: number;
  readonly offset: number;
  readonly reason: string;
  readonly operator: string;
}

/**
 * An operator's decision to go on without an event. It is recorded, the chat is marked as degraded, and nobody can
 * skip what could be projected: throws `CannotStart` unless the live read models are stopped at exactly this event.
 */
export async function skipEvent(log: EventLog, client: ClientBase, request: SkipRequest): Promise<void> {
  const { partition, offset, reason, operator } = request;
  const schema = await liveSchema(client);
  const from = (await readPositions(client, schema, log.partitions)).get(partition);
  if (from === undefined)
    throw new CannotStart(`there is no partition ${partition}: they go up to ${log.partitions - 1}`);
  if (from.offset !== offset) {
    throw new CannotStart(
      `partition ${partition} stands at offset ${from.offset}, not at ${offset}: nothing was skipped`,
    );
  }
  const event = await eventAt(log, partition, from);
  if (event === null)
    throw new CannotStart(`no event stands at offset ${offset} of partition ${partition}: nothing was skipped`);
  const part = { partition, from, events: [event], next: { offset: offset + 1, epoch: event.epoch } };
  if (await succeeds(client, schema, part)) {
    throw new CannotStart(
      `the event at offset ${offset} of partition ${partition} can be projected: nothing was skipped`,
    );
  }
  await inTransaction(client, [
    ...skipStatements(schema, part, event),
    {
      name: "skipped-insert",
      text: `INSERT INTO read.skipped (partition, "offset", reason, operator) VALUES ($1, $2, $3, $4)
        ON CONFLICT (partition, "offset") DO UPDATE SET reason = excluded.reason, operator = excluded.operator, at = now()`,
      values: [partition, offset, reason, operator],
    },
  ]);
}

/** Moves past the event in one generation, and marks its chat. */
export function skipStatements(schema: string, part: PartitionEvents, event: StoredEvent): readonly Statement[] {
  const moved = moveCheckpoints(schema, [part]);
  return isChatId(event.key) ? [moved, degradeChat(schema, event.key, event.value)] : [moved];
}

async function succeeds(client: ClientBase, schema: string, part: PartitionEvents): Promise<boolean> {
  try {
    await createBatchProjector(client, schema).rehearse([part]);
    return true;
  } catch (error) {
    if (error instanceof StaleCheckpoint || isPassing(error)) throw error;
    return false;
  }
}

async function eventAt(log: EventLog, partition: number, from: Position): Promise<StoredEvent | null> {
  const end = (await log.ends())[partition] ?? 0;
  if (end <= from.offset) return null;
  const stop = new AbortController();
  try {
    for await (const { events } of readEvents(log, new Map([[partition, from]]), stop.signal)) {
      return events.find(({ offset }) => offset === from.offset) ?? null;
    }
  } finally {
    stop.abort();
  }
  return null;
}
