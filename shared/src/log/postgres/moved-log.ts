import type { Pool } from "pg";
import { CannotStart } from "../../cannot-start.ts";

/**
 * A log that leaves the database says so in its counters, where an epoch stands otherwise: `moving:<where>` from the
 * moment that it is sealed, `moved:<where>` when all of it is there. An append looks at its counter's row as it is at
 * that very moment, so no writer gets past it. `where` is `<Kafka cluster's id>/<topic>`.
 */
export interface Move {
  readonly state: "moving" | "moved";
  readonly where: string;
}

/** What holds for the counter of a log that is still at home. For an SQL statement with `p` for `log.partitions`. */
export const isAtHome = "p.epoch NOT LIKE 'mov%:%'";

export function formatMove({ state, where }: Move): string {
  return `${state}:${where}`;
}

/** Null for the epoch of a log that is at home. */
export function parseMove(epoch: string): Move | null {
  const match = /^(moving|moved):(.+)$/.exec(epoch);
  if (match?.[2] === undefined) return null;
  return { state: match[1] === "moved" ? "moved" : "moving", where: match[2] };
}

export const copyCommand = "npm run chat -- log copy --from postgres --to kafka";

/** For a person: where the log is now, and what to do. */
export function explainMove({ state, where }: Move): string {
  const [, topic = where] = where.split("/");
  if (state === "moving") {
    return `the log of this database is on its way to Kafka, topic ${topic}, and not all of it is there: finish with ${copyCommand}`;
  }
  return (
    `the log of this database was moved to Kafka: set KAFKA_BROKERS and KAFKA_TOPIC=${topic} beside this database's ` +
    "DATABASE_URL, and start the services, each alone"
  );
}

/**
 * For a service whose log is in Kafka. Throws `CannotStart` when this database's own log has not come there, or not all
 * of it: what was acknowledged would be missing.
 */
export async function refuseUnlessMoved(pool: Pool, kafkaLogId: string): Promise<void> {
  const found = await pool
    .query<{ log_id: string; epoch: string; used: boolean }>(
      "SELECT log_id, epoch, next_offset > 1 AS used FROM log.partitions, log.identity ORDER BY next_offset DESC LIMIT 1",
    )
    .catch((error: unknown) => {
      // Without the tables there is no log here. And who may not read them is not the one who writes to the log.
      if (error instanceof Error && "code" in error && /^(42P01|3F000|42501)$/.test(String(error.code))) return null;
      throw error;
    });
  const row = found?.rows[0];
  if (row === undefined) return;
  const move = parseMove(row.epoch);
  if (move?.state === "moving") throw new CannotStart(`KAFKA_TOPIC: ${explainMove(move)}`);
  if (row.log_id === kafkaLogId || !row.used) return;
  const reason = move === null ? `move it there with ${copyCommand}` : explainMove(move);
  throw new CannotStart(`KAFKA_TOPIC: it holds another log than DATABASE_URL's read models were made from: ${reason}`);
}
