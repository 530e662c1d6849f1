import type { ClientBase } from "pg";
import type { AttachedFile } from "@chat/shared/events/attached-files";
import { int4Array, int8Array, textArray, uuidArray } from "@chat/shared/postgres/binary-array";

/** Times are milliseconds, user ids texts: as the log has them, to be compared. */
export interface JournalRow {
  readonly chat_id: string;
  readonly offset: number;
  readonly partition: number;
  readonly version: number;
  readonly type: string;
  readonly actor_id: string;
  readonly at: number;
  readonly seq: number | null;
  readonly up_to: number | null;
  readonly data: Readonly<Record<string, unknown>> | null;
}

export interface MessageRow {
  readonly chat_id: string;
  readonly seq: number;
  readonly sender_id: string;
  readonly text: string;
  readonly client_message_id: string | null;
  readonly reply_to: number | null;
  readonly sent_at: number;
  readonly edited_at: number | null;
  readonly deleted: boolean;
  readonly sent_version: number;
  readonly changed_version: number;
  readonly files: readonly AttachedFile[];
}

export interface CommandRow {
  readonly chat_id: string;
  readonly actor_id: string;
  readonly key: string;
  readonly request_hash: string;
  readonly version: number;
  readonly seq: number | null;
}

export interface ChatRow {
  readonly chat_id: string;
  readonly chat_type: string;
  readonly title: string | null;
  readonly description: string | null;
  readonly avatar: string | null;
  readonly creator_id: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly active_at: number;
  readonly version: number;
  readonly last_seq: number;
  readonly fully_read_up_to: number;
  readonly fully_read_except: string | null;
  readonly deleted: boolean;
  readonly degraded: boolean;
  /** How many rows the other tables hold of it. */
  readonly messages: number;
  readonly events: number;
  readonly commands: number;
}

export interface MemberRow {
  readonly chat_id: string;
  readonly user_id: string;
  readonly role: string;
  readonly active: boolean;
  readonly joined_at: number;
  readonly read_up_to: number;
  readonly own_since: number;
  readonly own_read_up_to: number;
  /** Own messages beyond the read pointer, counted from the messages. */
  readonly own_counted: number;
  /** Memberships as `from-to`, in order, the open one as `from-`. */
  readonly spans: string;
}

export interface RowReader {
  journal(places: readonly { readonly chatId: string; readonly offset: number }[]): Promise<readonly JournalRow[]>;
  messages(places: readonly { readonly chatId: string; readonly seq: number }[]): Promise<readonly MessageRow[]>;
  commands(
    places: readonly { readonly chatId: string; readonly actor: string; readonly key: string }[],
  ): Promise<readonly CommandRow[]>;
  chats(chatIds: readonly string[]): Promise<readonly ChatRow[]>;
  members(chatIds: readonly string[]): Promise<readonly MemberRow[]>;
}

/** Reads rows of one generation, in whatever transaction `client` is. */
export function createRowReader(client: ClientBase, schema: string): RowReader {
  const ms = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::float8`;

  return {
    async journal(places) {
      const { rows } = await client.query<JournalRow>(
        `SELECT chat_id, "offset", partition, version, type, actor_id::text, ${ms("at")} AS at, seq, up_to, data
         FROM ${schema}.chat_events JOIN unnest($1::uuid[], $2::int8[]) AS wanted (chat_id, "offset") USING (chat_id, "offset")`,
        [uuidArray(places.map(({ chatId }) => chatId)), int8Array(places.map(({ offset }) => offset))],
      );
      return rows;
    },

    async messages(places) {
      const { rows } = await client.query<MessageRow>(
        `SELECT chat_id, seq, sender_id::text, text, client_message_id, reply_to, ${ms("sent_at")} AS sent_at,
           ${ms("edited_at")} AS edited_at, deleted, sent_version, changed_version, files
         FROM ${schema}.messages JOIN unnest($1::uuid[], $2::int4[]) AS wanted (chat_id, seq) USING (chat_id, seq)`,
        [uuidArray(places.map(({ chatId }) => chatId)), int4Array(places.map(({ seq }) => seq))],
      );
      return rows;
    },

    async commands(places) {
      const { rows } = await client.query<CommandRow>(
        `SELECT chat_id, actor_id::text, key, request_hash, version, seq
         FROM ${schema}.commands JOIN unnest($1::uuid[], $2::int8[], $3::text[]) AS wanted (chat_id, actor_id, key)
           USING (chat_id, actor_id, key)`,
        [
          uuidArray(places.map(({ chatId }) => chatId)),
          int8Array(places.map(({ actor }) => BigInt(actor))),
          textArray(places.map(({ key }) => key)),
        ],
      );
      return rows;
    },

    async chats(chatIds) {
      const counted = (table: string): string =>
        `(SELECT count(*)::int4 FROM ${schema}.${table} AS t WHERE t.chat_id = c.chat_id)`;
      const { rows } = await client.query<ChatRow>(
        `SELECT chat_id, chat_type, title, description, avatar, creator_id::text, ${ms("created_at")} AS created_at,
           ${ms("updated_at")} AS updated_at, ${ms("active_at")} AS active_at, version, last_seq, fully_read_up_to,
           fully_read_except::text, deleted, degraded, ${counted("messages")} AS messages, ${counted("chat_events")} AS events,
           ${counted("commands")} AS commands
         FROM ${schema}.chats AS c WHERE chat_id = ANY ($1::uuid[])`,
        [uuidArray(chatIds)],
      );
      return rows;
    },

    /** Each chat's messages are read once, whatever the number of its members. */
    async members(chatIds) {
      const { rows } = await client.query<MemberRow>(
        `WITH m AS (
           SELECT * FROM ${schema}.members WHERE chat_id = ANY ($1::uuid[])
         ), own AS (
           SELECT m.chat_id, m.user_id, count(*)::int4 AS counted FROM ${schema}.messages AS x
           JOIN m ON m.chat_id = x.chat_id AND m.user_id = x.sender_id
           WHERE x.chat_id = ANY ($1::uuid[]) AND x.seq > m.read_up_to GROUP BY m.chat_id, m.user_id
         ), spans AS (
           SELECT chat_id, user_id, string_agg(from_version || '-' || coalesce(to_version::text, ''), ' ' ORDER BY from_version) AS spans
           FROM ${schema}.member_spans WHERE chat_id = ANY ($1::uuid[]) GROUP BY chat_id, user_id
         )
         SELECT m.chat_id, m.user_id::text, m.role, m.active, ${ms("m.joined_at")} AS joined_at, m.read_up_to, m.own_since,
           m.own_read_up_to, coalesce(own.counted, 0) AS own_counted, coalesce(spans.spans, '') AS spans
         FROM m LEFT JOIN own USING (chat_id, user_id) LEFT JOIN spans USING (chat_id, user_id)`,
        [uuidArray(chatIds)],
      );
      return rows;
    },
  };
}
