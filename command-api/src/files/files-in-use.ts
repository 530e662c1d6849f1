import type { EventLog } from "@chat/shared/log/event-log";
import { int4Array, textArray, uuidArray } from "@chat/shared/postgres/binary-array";
import type { LiveReader } from "@chat/shared/read-model/read-live";
import type { Pool } from "pg";
import type { FilesInUse } from "./file-collector.ts";
import type { FilesOfDeleted } from "./free-deleted.ts";
import type { StoredRow } from "./file-rows.ts";

interface Dependencies {
  readonly log: Pick<EventLog, "ends">;
  readonly live: LiveReader;
  readonly pool: Pool;
}

/**
 * Says which files belong to something. Asked only about files that no command under way can still name, so rows that have all
 * that stands in the log by now are right. Of a degraded chat, where an operator has skipped an event, everything is kept.
 */
export function createFilesInUse({ log, live, pool }: Dependencies): FilesInUse {
  async function inChats(files: readonly StoredRow[]): Promise<readonly string[] | "not known now"> {
    if (files.length === 0) return [];
    const ends = await log.ends();
    const { rows, positions } = await live.read<{ keys: readonly string[] }>(
      { name: "files-in-use", text: inUseText, values: namedIn(files) },
      "all",
    );
    const behind = ends.some((end, partition) => (positions.get(partition)?.offset ?? 0) < end);
    return behind ? "not known now" : (rows[0]?.keys ?? []);
  }

  async function ofUsers(files: readonly StoredRow[]): Promise<readonly string[]> {
    if (files.length === 0) return [];
    const { rows } = await pool.query<{ key: string }>(
      `SELECT wanted.key FROM unnest($1::text[], $2::int8[]) AS wanted (key, user_id)
       JOIN identity.users AS u ON u.id = wanted.user_id AND u.avatar = wanted.key`,
      [files.map(({ key }) => key), files.map(({ userId }) => userId)],
    );
    return rows.map(({ key }) => key);
  }

  return async (files) => {
    const chats = await inChats(files.filter(({ target }) => target.kind !== "user avatar"));
    if (chats === "not known now") return chats;
    const users = await ofUsers(files.filter(({ target }) => target.kind === "user avatar"));
    return new Set([...chats, ...users]);
  };
}

/**
 * Says which files were put there for messages and chats that are deleted. Deleted is for ever, and a command that names a file
 * for them is refused: so whatever of this stands in the rows is right, however far they are. Of a degraded chat nothing is said.
 */
export function createFilesOfDeleted(live: LiveReader): FilesOfDeleted {
  return async (files) => {
    const query = { name: "files-of-deleted", text: ofDeletedText, values: namedIn(files) };
    const { rows } = await live.read<{ keys: readonly string[] }>(query, []);
    return new Set(rows[0]?.keys);
  };
}

function namedIn(files: readonly StoredRow[]): readonly unknown[] {
  const named = files.flatMap(({ key, target }) =>
    "chatId" in target ? [{ key, chatId: target.chatId, seq: "seq" in target ? target.seq : 0 }] : [],
  );
  return [
    textArray(named.map(({ key }) => key)),
    uuidArray(named.map(({ chatId }) => chatId)),
    int4Array(named.map(({ seq }) => seq)),
  ];
}

const ofDeletedText = (schema: string): string => `
  SELECT COALESCE(json_agg(wanted.key), '[]') AS keys
  FROM unnest($2::text[], $3::uuid[], $4::int4[]) AS wanted (key, chat_id, seq)
  JOIN ${schema}.chats AS c USING (chat_id)
  LEFT JOIN ${schema}.messages AS m ON m.chat_id = c.chat_id AND m.seq = wanted.seq
  WHERE NOT c.degraded AND (c.deleted OR m.deleted)`;

/** A chat that is not there yet, though the log was read to its end, never came to be. */
const inUseText = (schema: string): string => `
  SELECT COALESCE(json_agg(wanted.key), '[]') AS keys
  FROM unnest($2::text[], $3::uuid[], $4::int4[]) AS wanted (key, chat_id, seq)
  JOIN ${schema}.chats AS c USING (chat_id)
  LEFT JOIN ${schema}.messages AS m ON m.chat_id = c.chat_id AND m.seq = wanted.seq
  WHERE c.degraded OR NOT c.deleted
    AND (c.avatar = wanted.key OR m.files @> jsonb_build_array(jsonb_build_object('key', wanted.key)))`;
