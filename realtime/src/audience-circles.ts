import type { LiveReader, LiveRows } from "@chat/shared/read-model/read-live";

/**
 * Presence goes no further than chats of this size. In larger ones everybody's coming and going would go to everybody:
 * at a thousand members a million frames each time that all of them connect.
 */
export const MAX_CIRCLE_MEMBERS = 100;
/** Of one user's chats the newest; with the bound above, so many rows' worth of ids are read at most. */
const MAX_CIRCLES_PER_USER = 300;

/** A chat of a user in which members are told of one another's presence. */
export interface Circle {
  readonly userId: string;
  readonly chatId: string;
  /** The user too. */
  readonly memberIds: readonly string[];
}

/** The circles of users, with the positions that they are complete up to. */
export type ReadCircles = (userIds: readonly string[]) => Promise<LiveRows<Circle>>;

export function createReadCircles(reader: LiveReader): ReadCircles {
  return async (userIds) => {
    const { rows, positions } = await reader.read<{ user_id: string; chat_id: string; member_ids: string[] }>(
      {
        name: "realtime-circles",
        text: (schema) => `SELECT wanted.user_id::text, mine.chat_id::text, circle.member_ids
          FROM unnest($2::bigint[]) AS wanted(user_id)
          CROSS JOIN LATERAL (
            SELECT chat_id, joined_at FROM ${schema}.members AS m WHERE m.user_id = wanted.user_id AND m.active
              ORDER BY joined_at DESC LIMIT ${MAX_CIRCLES_PER_USER}
          ) AS mine
          CROSS JOIN LATERAL (
            SELECT array_agg(user_id::text) AS member_ids FROM (
              SELECT user_id FROM ${schema}.members AS o WHERE o.chat_id = mine.chat_id AND o.active
                LIMIT ${MAX_CIRCLE_MEMBERS + 1}
            ) AS others
          ) AS circle
          WHERE cardinality(circle.member_ids) <= ${MAX_CIRCLE_MEMBERS}`,
        values: [userIds],
      },
      "all",
    );
    return {
      rows: rows.map((row) => ({ userId: row.user_id, chatId: row.chat_id, memberIds: row.member_ids })),
      positions,
    };
  };
}
