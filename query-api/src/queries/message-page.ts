import { columnTypes } from "./column-types.ts";
import type { LiveQuery } from "@chat/shared/read-model/read-live";
import type { ChatVersionRow } from "./chat-versions.ts";
import type { MessageColumns, ReadMarks } from "./message-objects.ts";

/** Which messages of a chat: seqs are dense, so a page is a range of them and costs the same at any depth. */
export interface MessageRange {
  /** The first seq of the page; null: the page ends at `to`, or at the last message. */
  readonly from: number | null;
  readonly to: number | null;
  /** Nothing below this seq. */
  readonly floor: number;
  readonly limit: number;
}

/** One row when the caller is a member of the chat, else none. */
export interface MessagePageRow extends ChatVersionRow, MessageColumns, ReadMarks {}

/** A page of messages, oldest first, and all that says who has read them: one statement. */
export function messagePage(chatId: string, callerId: string, range: MessageRange): LiveQuery {
  return {
    name: "message-page",
    types: columnTypes,
    values: [chatId, callerId, range.from, range.to, range.floor, range.limit],
    text: (schema) => `
      SELECT '${schema}' AS generation, chat.version, chat.last_seq, chat.degraded, chat.fully_read_up_to, chat.fully_read_except, page.*, readers.*, authors.*
      FROM ${schema}.chats AS chat
      JOIN ${schema}.members AS caller
        ON caller.chat_id = chat.chat_id AND caller.user_id = $3::bigint AND caller.active
      CROSS JOIN LATERAL (
        SELECT COALESCE($4::int, LEAST(chat.last_seq, $5::int) - $7::int + 1) AS first
      ) AS range
      CROSS JOIN LATERAL (
        SELECT COALESCE(array_agg(seq), '{}') AS seqs, COALESCE(array_agg(sender_id), '{}') AS sender_ids,
          COALESCE(json_agg(text), '[]') AS texts, COALESCE(array_agg(date_part('epoch', sent_at)), '{}') AS sent_ats,
          json_object_agg(seq, client_message_id) FILTER (WHERE client_message_id IS NOT NULL) AS client_message_ids,
          json_object_agg(seq, reply_to) FILTER (WHERE reply_to IS NOT NULL) AS reply_tos,
          json_object_agg(seq, date_part('epoch', edited_at)) FILTER (WHERE edited_at IS NOT NULL) AS edited_ats,
          json_object_agg(seq, true) FILTER (WHERE deleted) AS deleteds,
          json_object_agg(seq, files) FILTER (WHERE files <> '[]') AS files
        FROM (
          SELECT * FROM ${schema}.messages
          WHERE chat_id = $2::uuid AND seq BETWEEN GREATEST(range.first, $6::int) AND range.first + $7::int - 1
          ORDER BY seq
        ) AS message
      ) AS page
      CROSS JOIN LATERAL (
        SELECT COALESCE(array_agg(up_to), '{}') AS read_up_tos, COALESCE(array_agg(members), '{}') AS read_counts
        FROM (
          SELECT LEAST(read_up_to, range.first + $7::int) AS up_to, count(*)::int AS members
          FROM ${schema}.members
          WHERE chat_id = $2::uuid AND active AND read_up_to >= range.first
          GROUP BY 1
        ) AS pointer
      ) AS readers
      CROSS JOIN LATERAL (
        SELECT COALESCE(array_agg(user_id), '{}') AS authors, COALESCE(array_agg(own_read_up_to), '{}') AS author_own_read_up_tos,
          COALESCE(array_agg(CASE WHEN active THEN read_up_to ELSE 0 END), '{}') AS author_read_up_tos
        FROM ${schema}.members WHERE chat_id = $2::uuid AND user_id = ANY (page.sender_ids)
      ) AS authors
      WHERE chat.chat_id = $2::uuid AND NOT chat.deleted`,
  };
}
