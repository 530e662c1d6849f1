import type { ClientBase, Pool } from "pg";
import { uuidArray } from "@chat/shared/postgres/binary-array";

/** Everything that follows from events; checkpoints say only how far. */
const tables = ["chats", "members", "member_spans", "messages", "commands", "chat_events"] as const;

export interface TableDump {
  readonly table: (typeof tables)[number];
  readonly rows: number;
  /** The same for the same rows, whatever their order. */
  readonly hash: string;
}

/**
 * One line a table, the same for any two sets of read models that were made from the same events. Chats in `except`
 * are left out. Every row is read once, nothing is sorted.
 */
export async function canonicalDump(
  client: ClientBase | Pool,
  schema: string,
  except: readonly string[] = [],
): Promise<readonly TableDump[]> {
  const dumps: TableDump[] = [];
  for (const table of tables) {
    const { rows } = await client.query<{ rows: number; hash: string }>(
      `SELECT count(*) AS rows, coalesce(sum(hashtextextended(t::text, 0)), 0)::text AS hash
       FROM ${schema}.${table} AS t WHERE t.chat_id <> ALL ($1::uuid[])`,
      [uuidArray(except)],
    );
    dumps.push({ table, rows: rows[0]?.rows ?? 0, hash: rows[0]?.hash ?? "0" });
  }
  return dumps;
}

/** The rows themselves, for specs and for whoever looks for a difference: as text, sorted, under their table's name. */
export async function canonicalRows(
  client: ClientBase | Pool,
  schema: string,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const dump: Record<string, readonly string[]> = {};
  for (const table of tables) {
    const { rows } = await client.query<{ line: string }>(
      `SELECT t::text AS line FROM ${schema}.${table} AS t ORDER BY 1`,
    );
    dump[table] = rows.map(({ line }) => line);
  }
  return dump;
}

/** The tables whose dumps differ. */
export function differences(one: readonly TableDump[], other: readonly TableDump[]): readonly string[] {
  return one
    .filter(({ rows, hash }, index) => rows !== other[index]?.rows || hash !== other[index].hash)
    .map(({ table }) => table);
}
