import { int4Array, int8Array, textArray } from "@chat/shared/postgres/binary-array";
import { formatEpoch, type Position } from "@chat/shared/log/position";
import { staleCheckpoint, type Statement } from "./projection.ts";

/** How far a batch moves one partition. */
export interface CheckpointMove {
  readonly partition: number;
  readonly from: Position;
  readonly next: Position;
}

/**
 * Compare and set: the batch counts only if every partition stands where its events were read from. Otherwise somebody
 * else has projected them, or this generation is no longer the live one (its checkpoints are retired when another
 * takes over), and the whole transaction is refused.
 */
export function moveCheckpoints(schema: string, moves: readonly CheckpointMove[]): Statement {
  return {
    name: `${schema}.checkpoints-move`,
    text: `
      WITH done AS (
        UPDATE ${schema}.checkpoints AS c SET next_offset = move.next_offset, epoch = move.epoch
        FROM unnest($1::int4[], $2::int8[], $3::text[], $4::int8[], $5::text[])
          AS move (partition, from_offset, from_epoch, next_offset, epoch)
        WHERE c.partition = move.partition AND c.next_offset = move.from_offset AND c.epoch = move.from_epoch
        RETURNING true
      )
      SELECT CASE WHEN count(*) < cardinality($1)
        THEN read.refuse('${staleCheckpoint}', 'a checkpoint of ${schema} is not where it was left') END FROM done`,
    values: [
      int4Array(moves.map((move) => move.partition)),
      int8Array(moves.map((move) => move.from.offset)),
      textArray(moves.map((move) => formatEpoch(move.from.epoch))),
      int8Array(moves.map((move) => move.next.offset)),
      textArray(moves.map((move) => formatEpoch(move.next.epoch))),
    ],
  };
}
