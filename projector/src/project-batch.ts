import type { ClientBase } from "pg";
import { decodeEvent } from "@chat/shared/events/event-record";
import type { StoredEvent } from "@chat/shared/log/fenced-reader";
import type { Position } from "@chat/shared/log/position";
import { inTransaction, sqlState } from "./in-transaction.ts";
import { chatsProjection } from "./projections/chats.ts";
import { moveCheckpoints } from "./projections/checkpoints.ts";
import { commandsProjection } from "./projections/commands.ts";
import { journalProjection } from "./projections/journal.ts";
import { memberSpansProjection } from "./projections/member-spans.ts";
import { membersProjection } from "./projections/members.ts";
import { messagesProjection } from "./projections/messages.ts";
import { staleCheckpoint, type Projection, type Statement } from "./projections/projection.ts";

/** Consecutive events of one partition, and the positions before and behind them. */
export interface PartitionEvents {
  readonly partition: number;
  readonly from: Position;
  readonly events: readonly StoredEvent[];
  readonly next: Position;
}

/** Somebody else has projected these events, or another generation is live: nothing was changed. */
export class StaleCheckpoint extends Error {
  override readonly name = "StaleCheckpoint";
}

export interface BatchProjector {
  /**
   * Brings the rows from every `from` to every `next`, in one transaction or not at all. Throws `StaleCheckpoint`,
   * `PoisonEvent`, or the database's error.
   */
  project(batch: readonly PartitionEvents[]): Promise<void>;
  /** The same, then undone: resolves when `project` would have succeeded. */
  rehearse(batch: readonly PartitionEvents[]): Promise<void>;
}

/** The checkpoint has moved, or its table went away with its generation. */
const staleStates: ReadonlySet<string> = new Set([staleCheckpoint, "42P01", "3F000"]);

/** Projects into the tables of `schema`, through a connection of its own in pipeline mode. */
export function createBatchProjector(client: ClientBase, schema: string): BatchProjector {
  // The order matters: members count messages and ask the chat for its last seq.
  const projections: readonly Projection[] = [
    chatsProjection(schema),
    messagesProjection(schema),
    membersProjection(schema),
    memberSpansProjection(schema),
    commandsProjection(schema),
    journalProjection(schema),
  ];

  async function run(batch: readonly PartitionEvents[], end: "COMMIT" | "ROLLBACK"): Promise<void> {
    const statements = [moveCheckpoints(schema, batch), ...fold(projections, batch)];
    try {
      await inTransaction(client, statements, end);
    } catch (error) {
      if (staleStates.has(sqlState(error) ?? "")) throw new StaleCheckpoint(String(error), { cause: error });
      throw error;
    }
  }

  return {
    project: (batch) => run(batch, "COMMIT"),
    rehearse: (batch) => run(batch, "ROLLBACK"),
  };
}

function fold(projections: readonly Projection[], batch: readonly PartitionEvents[]): Statement[] {
  const rows = projections.map((projection) => projection.begin());
  for (const { partition, events } of batch) {
    for (const { offset, value } of events) {
      const event = { ...decodeEvent(value), partition, offset };
      for (const table of rows) table.apply(event);
    }
  }
  return rows.flatMap((table) => table.statements());
}
