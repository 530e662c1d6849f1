import { columnTypes } from "./column-types.ts";
import type { LiveQuery } from "@chat/shared/read-model/read-live";

/**
 * The messages of `chat` that are unread to its member `caller`: those behind his pointer, without his own and without
 * those of others that were deleted. No clamp: a negative number is drift, and to be seen.
 */
export function unreadCount(schema: string): string {
  return `(chat.last_seq - caller.read_up_to - caller.own_since - (
    SELECT count(*) FROM ${schema}.messages AS deleted
    WHERE deleted.chat_id = chat.chat_id AND deleted.deleted AND deleted.seq > caller.read_up_to
      AND deleted.sender_id <> caller.user_id
  ))::int`;
}

export interface UnreadRow {
  readonly chat_ids: readonly string[];
  readonly unread_counts: readonly number[];
  readonly degraded: boolean;
}

/** One row: the caller's chats in which something is unread. */
export function unreadChats(callerId: string): LiveQuery {
  return {
    name: "unread-chats",
    types: columnTypes,
    values: [callerId],
    text: (schema) => `
      SELECT COALESCE(array_agg(chat_id), '{}') AS chat_ids, COALESCE(array_agg(unread_count), '{}') AS unread_counts,
        COALESCE(bool_or(degraded), false) AS degraded
      FROM (
        SELECT chat.chat_id, chat.degraded, ${unreadCount(schema)} AS unread_count
        FROM ${schema}.members AS caller JOIN ${schema}.chats AS chat ON chat.chat_id = caller.chat_id
        WHERE caller.user_id = $2::bigint AND caller.active AND NOT chat.deleted
      ) AS chat
      WHERE unread_count <> 0 OR degraded`,
  };
}
