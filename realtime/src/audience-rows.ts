import type { ChatParts } from "@chat/shared/api/chat-object";
import type { Position } from "@chat/shared/log/position";
import type { createLiveReader, LiveReader, LiveRows } from "@chat/shared/read-model/read-live";

/** The chats that a user is in, as the read models have it. */
export interface Membership {
  readonly userId: string;
  readonly chatIds: readonly string[];
}

/** Messages of a chat whose authors are wanted: seqs in (from, upTo]. */
export interface SeqRange {
  readonly chatId: string;
  readonly from: number;
  readonly upTo: number;
}

export interface SentBy {
  readonly chatId: string;
  readonly seq: number;
  readonly senderId: string;
}

/** A moment in a chat: after the event that gave it this version. */
export interface ChatMoment {
  readonly chatId: string;
  readonly version: number;
}

export interface MemberCount extends ChatMoment {
  readonly members: number;
}

/** What realtime reads of the read models; each answer with the positions that it is complete up to. */
export interface AudienceRows {
  checkpoints(): Promise<ReadonlyMap<number, Position>>;
  memberships(userIds: readonly string[]): Promise<LiveRows<Membership>>;
  chats(chatIds: readonly string[]): Promise<LiveRows<ChatParts>>;
  /** How many were in these chats then, as far as the rows know. */
  memberCounts(moments: readonly ChatMoment[]): Promise<LiveRows<MemberCount>>;
  /** `author`: only his messages; null: everybody's. */
  senders(ranges: readonly SeqRange[], author: string | null): Promise<LiveRows<SentBy>>;
}

/** Display names; of users that have none or are unknown, nothing. */
export type NamesOf = (userIds: readonly string[]) => Promise<ReadonlyMap<string, string>>;

type Pool = Parameters<typeof createLiveReader>[0];

/** What everyone may know of everyone. Names are no events: they are as they are now. */
export function createNames(pool: Pool): NamesOf {
  return async (userIds) => {
    const { rows } = await pool.query<{ id: string; name: string }>({
      name: "realtime-names",
      text: "SELECT id::text, name FROM directory.users WHERE id = ANY ($1::bigint[])",
      values: [userIds],
    });
    return new Map(rows.map(({ id, name }) => [id, name]));
  };
}

/** The offset of the event that let this user into the chat that he is in now; null as far as the rows know of none. */
export type MembershipStart = (userId: string, chatId: string) => Promise<number | null>;

export function createMembershipStart(reader: LiveReader): MembershipStart {
  return async (userId, chatId) => {
    const { rows } = await reader.read<{ offset: number }>(
      {
        name: "realtime-membership-start",
        text: (schema) => `SELECT e."offset" FROM ${schema}.member_spans AS s
          JOIN ${schema}.chat_events AS e ON e.chat_id = s.chat_id AND e.version = s.from_version
          WHERE s.user_id = $2::bigint AND s.chat_id = $3::uuid AND s.to_version IS NULL`,
        values: [userId, chatId],
      },
      "all",
    );
    return rows[0]?.offset ?? null;
  };
}

export function createAudienceRows(reader: LiveReader): AudienceRows {
  return {
    async checkpoints() {
      const { positions } = await reader.read(
        { name: "realtime-checkpoints", text: () => "SELECT", values: [] },
        "all",
      );
      return positions;
    },

    async memberships(userIds) {
      const { rows, positions } = await reader.read<{ user_id: string; chat_ids: string[] }>(
        {
          name: "realtime-memberships",
          text: (schema) => `SELECT user_id::text, array_agg(chat_id::text) AS chat_ids
            FROM ${schema}.members WHERE active AND user_id = ANY ($2::bigint[]) GROUP BY user_id`,
          values: [userIds],
        },
        "all",
      );
      return { rows: rows.map((row) => ({ userId: row.user_id, chatIds: row.chat_ids })), positions };
    },

    async chats(chatIds) {
      const { rows, positions } = await reader.read<ChatRow>(
        {
          name: "realtime-chats",
          text: (schema) => `SELECT chat_id::text, chat_type, title, description, avatar, creator_id::text,
              created_at, updated_at, version,
              ARRAY (SELECT user_id::text FROM ${schema}.members AS m WHERE m.chat_id = c.chat_id AND m.active
                ORDER BY m.joined_at, m.user_id) AS member_ids
            FROM ${schema}.chats AS c WHERE chat_id = ANY ($2::uuid[])`,
          values: [chatIds],
        },
        "all",
      );
      return { rows: rows.map(chatParts), positions };
    },

    async memberCounts(moments) {
      const { rows, positions } = await reader.read<{ chat_id: string; version: number; members: number }>(
        {
          name: "realtime-member-counts",
          text: (schema) => `SELECT wanted.chat_id::text, wanted.version, count(s.user_id)::int AS members
            FROM unnest($2::uuid[], $3::int[]) AS wanted(chat_id, version)
            LEFT JOIN ${schema}.member_spans AS s ON s.chat_id = wanted.chat_id
              AND s.from_version <= wanted.version AND (s.to_version IS NULL OR s.to_version > wanted.version)
            GROUP BY wanted.chat_id, wanted.version`,
          values: [moments.map(({ chatId }) => chatId), moments.map(({ version }) => version)],
        },
        "all",
      );
      return {
        rows: rows.map(({ chat_id: chatId, version, members }) => ({ chatId, version, members })),
        positions,
      };
    },

    async senders(ranges, author) {
      const { rows, positions } = await reader.read<{ chat_id: string; seq: number; sender_id: string }>(
        {
          name: "realtime-senders",
          text: (schema) => `SELECT m.chat_id::text, m.seq, m.sender_id::text
            FROM unnest($2::uuid[], $3::int[], $4::int[]) AS wanted(chat_id, after, up_to)
            JOIN ${schema}.messages AS m
              ON m.chat_id = wanted.chat_id AND m.seq > wanted.after AND m.seq <= wanted.up_to
                AND ($5::bigint IS NULL OR m.sender_id = $5::bigint)`,
          values: [
            ranges.map((range) => range.chatId),
            ranges.map((range) => range.from),
            ranges.map((range) => range.upTo),
            author,
          ],
        },
        "all",
      );
      return {
        rows: rows.map((row) => ({ chatId: row.chat_id, seq: row.seq, senderId: row.sender_id })),
        positions,
      };
    },
  };
}

interface ChatRow {
  readonly chat_id: string;
  readonly chat_type: "private" | "group";
  readonly title: string | null;
  readonly description: string | null;
  readonly avatar: string | null;
  readonly creator_id: string;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly version: number;
  readonly member_ids: readonly string[];
}

function chatParts(row: ChatRow): ChatParts {
  return {
    chatId: row.chat_id,
    chatType: row.chat_type,
    title: row.title,
    description: row.description,
    avatar: row.avatar,
    creatorId: row.creator_id,
    memberIds: row.member_ids,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    version: row.version,
  };
}
