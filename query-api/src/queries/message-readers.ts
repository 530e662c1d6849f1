import { columnTypes } from "./column-types.ts";
import type { LiveQuery } from "@chat/shared/read-model/read-live";

/** By columns, in the order of reading. */
export interface MessageReadersRow {
  readonly user_ids: readonly string[];
  readonly names: readonly (string | null)[];
  /** Seconds since 1970. */
  readonly read_ats: readonly number[];
  readonly degraded: boolean;
}

/**
 * One row when the caller is a member and the message is there, else none: the current members, the author aside, who
 * were in when it was sent and have read it. Joining again moves a pointer without reading, so only a MessageRead of
 * the same membership covers a message; pointers never go back, so the lowest that covers it is the first.
 */
export function messageReaders(chatId: string, seq: number, callerId: string): LiveQuery {
  return {
    name: "message-readers",
    types: columnTypes,
    values: [chatId, callerId, seq],
    text: (schema) => `
      SELECT chat.degraded, readers.*
      FROM ${schema}.chats AS chat
      JOIN ${schema}.members AS caller
        ON caller.chat_id = chat.chat_id AND caller.user_id = $3::bigint AND caller.active
      JOIN ${schema}.messages AS message ON message.chat_id = chat.chat_id AND message.seq = $4::int
      CROSS JOIN LATERAL (
        SELECT COALESCE(array_agg(user_id), '{}') AS user_ids, COALESCE(json_agg(name), '[]') AS names,
          COALESCE(array_agg(date_part('epoch', read_at)), '{}') AS read_ats
        FROM (
          SELECT span.user_id, person.name, reading.at AS read_at
          FROM ${schema}.member_spans AS span
          JOIN ${schema}.members AS member
            ON member.chat_id = span.chat_id AND member.user_id = span.user_id AND member.active
          CROSS JOIN LATERAL (
            SELECT at FROM ${schema}.chat_events AS event
            WHERE event.chat_id = $2::uuid AND event.type = 'MessageRead' AND event.actor_id = span.user_id
              AND event.up_to >= $4::int AND (span.to_version IS NULL OR event.version < span.to_version)
            ORDER BY event.up_to
            LIMIT 1
          ) AS reading
          LEFT JOIN directory.users AS person ON person.id = span.user_id
          WHERE span.chat_id = $2::uuid AND span.user_id <> message.sender_id
            AND span.from_version < message.sent_version
            AND (span.to_version IS NULL OR span.to_version > message.sent_version)
          ORDER BY reading.at, span.user_id
        ) AS reader
      ) AS readers
      WHERE chat.chat_id = $2::uuid AND NOT chat.deleted`,
  };
}
