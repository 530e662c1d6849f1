import type { ClientBase } from "pg";
import { LogHalted } from "@chat/shared/log/event-log";
import { int4Array } from "@chat/shared/postgres/binary-array";
import { parseEpoch, type Position } from "@chat/shared/log/position";
import { StaleCheckpoint } from "./project-batch.ts";

/** By partition. */
export type Positions = ReadonlyMap<number, Position>;

/** The name of the generation that answers now. */
export async function liveSchema(client: ClientBase): Promise<string> {
  const { rows } = await client.query<{ schema_name: string }>("SELECT schema_name FROM read.live");
  if (rows[0] === undefined) throw new Error("read.live is empty: the migrations have not run");
  return rows[0].schema_name;
}

/**
 * Where a generation stands. Every partition has its row, also before anything has happened in it.
 * Throws `LogHalted` when it was made from a log with more of them, `StaleCheckpoint` when a rebuild has retired it.
 */
export async function readPositions(client: ClientBase, schema: string, partitions: number): Promise<Positions> {
  await client.query(
    `INSERT INTO ${schema}.checkpoints (partition, next_offset, epoch)
     SELECT partition, 0, '' FROM unnest($1::int4[]) AS partition ON CONFLICT DO NOTHING`,
    [int4Array(Array.from({ length: partitions }, (_, partition) => partition))],
  );
  const positions = await selectPositions(client, schema);
  if (positions.size > partitions) {
    throw new LogHalted(
      partitions,
      0,
      `${schema} was made from a log of ${positions.size} partitions, not ${partitions}`,
    );
  }
  if ([...positions.values()].some(({ offset }) => offset < 0)) {
    throw new StaleCheckpoint(`${schema} is retired: another generation has taken over`);
  }
  return positions;
}

/** The same, for whoever may not or need not write. */
export async function selectPositions(client: ClientBase, schema: string): Promise<Positions> {
  const { rows } = await client.query<{ partition: number; next_offset: number; epoch: string }>(
    `SELECT partition, next_offset, epoch FROM ${schema}.checkpoints ORDER BY partition`,
  );
  return new Map(
    rows.map(({ partition, next_offset, epoch }) => [partition, { offset: next_offset, epoch: parseEpoch(epoch) }]),
  );
}

/**
 * For a connection that projects. What it writes can be made again from the log, and a commit that is lost takes its
 * checkpoint with it: no need to wait for the disk. Its statements look rows up by primary key, whatever the planner
 * thinks of tables that have just begun to grow.
 */
export async function prepareForProjecting(client: ClientBase): Promise<void> {
  await client.query(
    "SET synchronous_commit = off; SET plan_cache_mode = force_generic_plan; SET jit = off; " +
      "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off",
  );
}
