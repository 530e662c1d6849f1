import { chatObject, type ChatObject } from "@chat/shared/api/chat-object";
import type { AttachedFile } from "@chat/shared/events/attached-files";
import { columnTypes } from "./column-types.ts";
import type { LiveQuery } from "@chat/shared/read-model/read-live";
import { isoTime } from "./message-objects.ts";
import { unreadCount } from "./unread.ts";

/** Times are seconds since 1970. */
export interface ChatRow {
  readonly chat_id: string;
  readonly chat_type: "private" | "group";
  readonly title: string | null;
  readonly description: string | null;
  readonly avatar: string | null;
  readonly creator_id: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly version: number;
  readonly degraded: boolean;
  readonly member_ids: readonly string[];
}

const chatColumns = `chat.chat_id, chat.chat_type, chat.title, chat.description, chat.avatar, chat.creator_id,
  date_part('epoch', chat.created_at) AS created_at, date_part('epoch', chat.updated_at) AS updated_at,
  chat.version, chat.degraded`;

export function toChatObject(row: ChatRow): ChatObject {
  return chatObject({
    chatId: row.chat_id,
    chatType: row.chat_type,
    title: row.title,
    description: row.description,
    avatar: row.avatar,
    creatorId: row.creator_id,
    memberIds: row.member_ids,
    createdAt: isoTime(row.created_at),
    updatedAt: isoTime(row.updated_at),
    version: row.version,
  });
}

/** One row when the caller is a member, else none. */
export function oneChat(chatId: string, callerId: string): LiveQuery {
  return {
    name: "one-chat",
    types: columnTypes,
    values: [chatId, callerId],
    text: (schema) => `
      SELECT ${chatColumns}, (
        SELECT array_agg(user_id ORDER BY joined_at, user_id) FROM ${schema}.members WHERE chat_id = $2::uuid AND active
      ) AS member_ids
      FROM ${schema}.chats AS chat
      JOIN ${schema}.members AS caller
        ON caller.chat_id = chat.chat_id AND caller.user_id = $3::bigint AND caller.active
      WHERE chat.chat_id = $2::uuid AND NOT chat.deleted`,
  };
}

/** A chat as its member sees it in his list, with its last message, if it has one. */
export interface ListedChatRow extends ChatRow {
  readonly active_at: number;
  readonly my_role: "owner" | "admin" | "member";
  readonly my_read_up_to: number;
  readonly unread_count: number;
  readonly last_seq: number;
  readonly sender_id: string | null;
  readonly text: string | null;
  readonly client_message_id: string | null;
  readonly reply_to: number | null;
  readonly sent_at: number | null;
  readonly edited_at: number | null;
  readonly message_deleted: boolean | null;
  readonly fully_read: boolean | null;
  readonly read_count: number;
  readonly files: readonly AttachedFile[] | null;
}

/** The place in the list behind which a page begins. */
export interface ChatListPlace {
  /** Seconds since 1970. */
  readonly activeAt: number;
  readonly chatId: string;
}

/** The caller's chats, newest activity first, from behind `after` on. */
export function chatList(callerId: string, after: ChatListPlace | null, limit: number): LiveQuery {
  return {
    name: "chat-list",
    types: columnTypes,
    values: [callerId, after === null ? null : isoTime(after.activeAt), after?.chatId ?? null, limit],
    text: (schema) => `
      SELECT ${chatColumns}, date_part('epoch', chat.active_at) AS active_at, chat.my_role, chat.my_read_up_to, chat.unread_count, chat.last_seq,
        message.sender_id, message.text, message.client_message_id, message.reply_to,
        date_part('epoch', message.sent_at) AS sent_at, date_part('epoch', message.edited_at) AS edited_at, message.deleted AS message_deleted, message.files,
        (message.seq <= chat.fully_read_up_to AND message.sender_id IS DISTINCT FROM chat.fully_read_except)
          OR message.seq <= author.own_read_up_to AS fully_read,
        members.member_ids,
        members.readers - (COALESCE(author.active AND author.read_up_to >= chat.last_seq, false))::int AS read_count
      FROM (
        SELECT chat.*, caller.role AS my_role, caller.read_up_to AS my_read_up_to,
          ${unreadCount(schema)} AS unread_count
        FROM ${schema}.members AS caller JOIN ${schema}.chats AS chat ON chat.chat_id = caller.chat_id
        WHERE caller.user_id = $2::bigint AND caller.active AND NOT chat.deleted
          AND ($3::timestamptz IS NULL OR (chat.active_at, chat.chat_id) < ($3::timestamptz, $4::uuid))
        ORDER BY chat.active_at DESC, chat.chat_id DESC
        LIMIT $5::int
      ) AS chat
      CROSS JOIN LATERAL (
        SELECT array_agg(user_id ORDER BY joined_at, user_id) AS member_ids,
          (count(*) FILTER (WHERE read_up_to >= chat.last_seq))::int AS readers
        FROM ${schema}.members WHERE chat_id = chat.chat_id AND active
      ) AS members
      LEFT JOIN ${schema}.messages AS message ON message.chat_id = chat.chat_id AND message.seq = chat.last_seq
      LEFT JOIN ${schema}.members AS author ON author.chat_id = chat.chat_id AND author.user_id = message.sender_id
      ORDER BY chat.active_at DESC, chat.chat_id DESC`,
  };
}
