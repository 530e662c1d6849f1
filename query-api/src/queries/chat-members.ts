import { columnTypes } from "./column-types.ts";
import type { LiveQuery } from "@chat/shared/read-model/read-live";

/** By columns, in the order of joining. */
export interface ChatMembersRow {
  readonly user_ids: readonly string[];
  readonly names: readonly (string | null)[];
  readonly roles: readonly string[];
  readonly read_up_tos: readonly number[];
  /** Seconds since 1970. */
  readonly joined_ats: readonly number[];
  readonly degraded: boolean;
}

/** One row when the caller is a member, else none. Names are not of the read models: they are as of now. */
export function chatMembers(chatId: string, callerId: string): LiveQuery {
  return {
    name: "chat-members",
    types: columnTypes,
    values: [chatId, callerId],
    text: (schema) => `
      SELECT chat.degraded, members.*
      FROM ${schema}.chats AS chat
      JOIN ${schema}.members AS caller
        ON caller.chat_id = chat.chat_id AND caller.user_id = $3::bigint AND caller.active
      CROSS JOIN LATERAL (
        SELECT array_agg(user_id) AS user_ids, json_agg(name) AS names, json_agg(role) AS roles,
          array_agg(read_up_to) AS read_up_tos, array_agg(date_part('epoch', joined_at)) AS joined_ats
        FROM (
          SELECT member.*, person.name
          FROM ${schema}.members AS member LEFT JOIN directory.users AS person ON person.id = member.user_id
          WHERE member.chat_id = $2::uuid AND member.active
          ORDER BY member.joined_at, member.user_id
        ) AS member
      ) AS members
      WHERE chat.chat_id = $2::uuid AND NOT chat.deleted`,
  };
}
