import type { AttachedFile } from "@chat/shared/events/attached-files";
import type { LiveQuery } from "@chat/shared/read-model/read-live";
import { columnTypes } from "./column-types.ts";

/** One row when the caller is a member and the message has such a file: none once it was deleted. */
export interface FileRow {
  readonly degraded: boolean;
  readonly file: AttachedFile;
}

export function oneFile(file: { chatId: string; seq: number; number: number }, callerId: string): LiveQuery {
  return {
    name: "one-file",
    types: columnTypes,
    values: [file.chatId, callerId, file.seq, file.number],
    text: (schema) => `
      SELECT chat.degraded, file
      FROM ${schema}.chats AS chat
      JOIN ${schema}.members AS caller
        ON caller.chat_id = chat.chat_id AND caller.user_id = $3::bigint AND caller.active
      JOIN ${schema}.messages AS message ON message.chat_id = chat.chat_id AND message.seq = $4::int
      CROSS JOIN LATERAL jsonb_array_elements(message.files) AS file
      WHERE chat.chat_id = $2::uuid AND NOT chat.deleted AND NOT message.deleted AND (file->>'number')::int = $5::int`,
  };
}

/** One row when the caller is a member of a group with a picture. */
export interface ChatAvatarRow {
  readonly degraded: boolean;
  readonly avatar: string;
}

export function chatAvatar(chatId: string, callerId: string): LiveQuery {
  return {
    name: "chat-avatar",
    types: columnTypes,
    values: [chatId, callerId],
    text: (schema) => `
      SELECT chat.degraded, chat.avatar
      FROM ${schema}.chats AS chat
      JOIN ${schema}.members AS caller
        ON caller.chat_id = chat.chat_id AND caller.user_id = $3::bigint AND caller.active
      WHERE chat.chat_id = $2::uuid AND NOT chat.deleted AND chat.avatar IS NOT NULL`,
  };
}
