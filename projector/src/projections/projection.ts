import type { ChatEventRecord } from "@chat/shared/events/event-record";

/** An event and where it stands in the log. */
export interface PlacedEvent extends ChatEventRecord {
  readonly partition: number;
  readonly offset: number;
}

/** One statement for all rows of a table that a batch changes; its parameters are arrays, one for each column. */
export interface Statement {
  /** Names the prepared statement, so it says the schema too. */
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/**
 * How one table, or one group of rows in it, follows from events. A batch is folded in memory first, so that each
 * statement touches a row once, however many events of the batch concern it.
 */
export interface Projection {
  begin(): BatchOfRows;
}

export interface BatchOfRows {
  apply(event: PlacedEvent): void;
  /** Empty when the batch changes nothing here. They may rely on those of the projections before. */
  statements(): readonly Statement[];
}

/** Raised by a statement that did not find the rows that its events speak of: the events contradict the rows. */
export const rowsMissing = "RD001";
/** Raised when a checkpoint is not where this projector had left it. */
export const staleCheckpoint = "RD002";

/**
 * The end of a statement with the CTEs `change` (what was asked) and `done` (the keys of the rows found): refuses the
 * batch when a row is missing. Where an operator has skipped an event of the chat, rows may well be missing: such a
 * chat takes what fits, and the next rebuild heals it. The look for those chats runs only when the counts differ.
 */
export function refuseMissing(schema: string, key: string, what: string): string {
  return `
    SELECT CASE WHEN (SELECT count(*) FROM done) < cardinality($1) THEN (
      SELECT CASE WHEN count(*) > 0 THEN read.refuse('${rowsMissing}', '${what}') END
      FROM change LEFT JOIN done USING (${key}) LEFT JOIN ${schema}.chats AS c ON c.chat_id = change.chat_id
      WHERE done.chat_id IS NULL AND NOT coalesce(c.degraded, false)
    ) END`;
}

/** User ids go to Postgres as numbers; beyond 2^53 only a BigInt holds all their digits. */
export function userNumber(userId: string): number | bigint {
  const number = Number(userId);
  return Number.isSafeInteger(number) ? number : BigInt(userId);
}

/** The value under `key`, made and kept when there is none. */
export function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
