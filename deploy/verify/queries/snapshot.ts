import type { ClientBase } from "pg";
import { parseEpoch, type Position } from "@chat/shared/log/position";

/** The read models at one moment: what they are complete up to, and what was given up on. Which chats they say are degraded is to be checked, and not believed. */
export interface Snapshot {
  readonly schema: string;
  readonly position: Position;
  /** Offsets of the partition that an operator has skipped. */
  readonly skipped: ReadonlySet<number>;
}

/** Whatever is written meanwhile, all that is read in `use` is one snapshot. It holds no lock that anybody waits for. */
export async function inSnapshot<T>(
  client: ClientBase,
  partition: number,
  use: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    return await use(await readSnapshot(client, partition));
  } finally {
    await client.query("ROLLBACK");
  }
}

async function readSnapshot(client: ClientBase, partition: number): Promise<Snapshot> {
  const { rows: live } = await client.query<{ schema_name: string }>("SELECT schema_name FROM read.live");
  const schema = live[0]?.schema_name;
  if (schema === undefined) throw new Error("read.live is empty: the migrations have not run");
  const { rows: places } = await client.query<{ next_offset: number; epoch: string }>(
    `SELECT next_offset, epoch FROM ${schema}.checkpoints WHERE partition = $1`,
    [partition],
  );
  const { rows: skipped } = await client.query<{ offset: number }>(
    `SELECT "offset" FROM read.skipped WHERE partition = $1`,
    [partition],
  );
  const [place] = places;
  return {
    schema,
    position: { offset: place?.next_offset ?? 0, epoch: parseEpoch(place?.epoch ?? "") },
    skipped: new Set(skipped.map(({ offset }) => offset)),
  };
}

/** Chats of which an event was skipped, and how many events of all `partitions` were when that was looked at. */
export interface KnownSkips {
  readonly chats: ReadonlySet<string>;
  readonly events: number;
  readonly partitions: number;
}

/** Chats that have rows and no events: no event of the log can have made them. At most `limit`. */
export async function chatsOfNoEvent(
  client: ClientBase,
  { chats, events, partitions }: KnownSkips,
  limit: number,
): Promise<readonly string[]> {
  return inSnapshot(client, 0, async ({ schema }) => {
    const tables = ["chats", "members", "messages", "member_spans", "commands"];
    const selects = tables.map((table) => `SELECT DISTINCT chat_id FROM ${schema}.${table}`);
    // What was skipped since then may have left a marked chat behind.
    const { rows } = await client.query<{ chat_id: string }>(
      `SELECT chat_id FROM (${selects.join(" UNION ")}) AS named
       WHERE NOT EXISTS (SELECT FROM ${schema}.chat_events AS e WHERE e.chat_id = named.chat_id)
         AND NOT ((SELECT count(*) FROM read.skipped WHERE partition BETWEEN 0 AND $3 - 1) > $2
           AND EXISTS (SELECT FROM ${schema}.chats AS c WHERE c.chat_id = named.chat_id AND c.degraded)) LIMIT $1`,
      [limit + chats.size, events, partitions],
    );
    return rows.map(({ chat_id }) => chat_id).filter((chatId) => !chats.has(chatId));
  });
}

/**
 * How many users the read models name who have no account: a database that was restored to an older state has lost them. Null
 * for whoever may not look at accounts, as the projector's own database user.
 */
export async function usersWithoutAccount(client: ClientBase): Promise<number | null> {
  return inSnapshot(client, 0, async ({ schema }) => {
    const { rows: rights } = await client.query<{ may: boolean }>(
      "SELECT has_table_privilege('directory.users', 'SELECT') AS may",
    );
    if (rights[0]?.may !== true) return null;
    const { rows } = await client.query<{ users: number }>(
      `SELECT count(*)::int AS users FROM (SELECT DISTINCT user_id FROM ${schema}.member_spans) AS named
       WHERE NOT EXISTS (SELECT FROM directory.users AS u WHERE u.id = named.user_id)`,
    );
    return rows[0]?.users ?? 0;
  });
}
