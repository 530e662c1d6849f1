import type { AttachedFile } from "@chat/shared/events/attached-files";
import { startOfPartition, type Position } from "@chat/shared/log/position";
import { partitionOf } from "@chat/shared/partitions/partition-of";
import { int4Array, int8Array, textArray, uuidArray } from "@chat/shared/postgres/binary-array";
import type { LiveReader } from "@chat/shared/read-model/read-live";
import type { ActiveChat, DeletedChat, Member, MessageState } from "../domain/chat/state.ts";
import {
  commandKey,
  messageKey,
  type Snapshot,
  type SnapshotSource,
  type UnreadParts,
  type Wanted,
} from "./look-ups.ts";
import type { KeyedCommand } from "./partition-tail.ts";

interface Row {
  readonly chats: readonly ChatRow[] | null;
  readonly messages: readonly MessageRow[] | null;
  readonly keys: readonly KeyRow[] | null;
}

interface ChatRow {
  readonly chat_id: string;
  readonly chat_type: "private" | "group";
  readonly title: string | null;
  readonly description: string | null;
  readonly avatar: string | null;
  readonly creator_id: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly version: number;
  readonly last_seq: number;
  readonly up_to: number;
  readonly except_author: string | null;
  readonly deleted: boolean;
  readonly members: readonly MemberRow[] | null;
}

type MemberRow = readonly [
  userId: string,
  active: boolean,
  role: Member["role"],
  joinedAt: string,
  readUpTo: number,
  ownReadUpTo: number,
];

interface MessageRow {
  readonly chat_id: string;
  readonly seq: number;
  readonly sender_id: string;
  readonly text: string;
  readonly sent_at: string;
  readonly edited_at: string | null;
  readonly deleted: boolean;
  readonly reply_to: number | null;
  readonly client_message_id: string | null;
  readonly files: readonly AttachedFile[];
}

interface KeyRow {
  readonly chat_id: string;
  readonly actor: string;
  readonly key: string;
  readonly request_hash: string;
  readonly version: number;
  readonly seq: number | null;
}

const isoTime = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** One row with everything that was asked for: chats with their members, named messages, keys. */
const lookUpQuery = (schema: string): string => `
  SELECT
    (SELECT json_agg(json_build_object(
        'chat_id', c.chat_id, 'chat_type', c.chat_type, 'title', c.title, 'description', c.description,
        'avatar', c.avatar, 'creator_id', c.creator_id::text, 'created_at', ${isoTime("c.created_at")},
        'updated_at', ${isoTime("c.updated_at")}, 'version', c.version, 'last_seq', c.last_seq,
        'up_to', c.fully_read_up_to, 'except_author', c.fully_read_except::text, 'deleted', c.deleted,
        'members', (SELECT json_agg(json_build_array(m.user_id::text, m.active, m.role, ${isoTime("m.joined_at")},
                      m.read_up_to, m.own_read_up_to))
                    FROM ${schema}.members AS m WHERE m.chat_id = c.chat_id)))
      FROM ${schema}.chats AS c WHERE c.chat_id = ANY ($2::uuid[])) AS chats,
    (SELECT json_agg(json_build_object(
        'chat_id', m.chat_id, 'seq', m.seq, 'sender_id', m.sender_id::text, 'text', m.text,
        'sent_at', ${isoTime("m.sent_at")}, 'edited_at', ${isoTime("m.edited_at")}, 'deleted', m.deleted,
        'reply_to', m.reply_to, 'client_message_id', m.client_message_id, 'files', m.files))
      FROM unnest($3::uuid[], $4::int4[]) AS wanted(chat_id, seq) JOIN ${schema}.messages AS m USING (chat_id, seq)) AS messages,
    (SELECT json_agg(json_build_object(
        'chat_id', k.chat_id, 'actor', k.actor_id::text, 'key', k.key, 'request_hash', k.request_hash,
        'version', k.version, 'seq', k.seq))
      FROM unnest($5::uuid[], $6::int8[], $7::text[]) AS wanted(chat_id, actor_id, key)
      JOIN ${schema}.commands AS k USING (chat_id, actor_id, key)) AS keys`;

/** The read models as the partition owners see them: one statement, one snapshot, for commands of any partition. */
export function createSnapshotSource(live: LiveReader, partitions: number): SnapshotSource {
  return {
    async load(wanted) {
      const { rows, positions } = await live.read<Row & object>(
        { name: "decide-look-up", text: lookUpQuery, values: parameters(wanted) },
        partitionsOf(wanted, partitions),
      );
      return snapshotFrom(rows[0], positions);
    },

    async unreadParts({ chatId, userId, above, upTo }): Promise<UnreadParts> {
      const partition = partitionOf(chatId, partitions);
      const { rows, positions } = await live.read<{ own: number; others_deleted: number }>(
        { name: "decide-unread", text: unreadQuery, values: [chatId, userId, above, upTo] },
        [partition],
      );
      return {
        position: positions.get(partition) ?? startOfPartition,
        own: rows[0]?.own ?? 0,
        othersDeleted: rows[0]?.others_deleted ?? 0,
      };
    },
  };
}

const unreadQuery = (schema: string): string => `
  SELECT count(*) FILTER (WHERE sender_id = $3)::int AS own,
         count(*) FILTER (WHERE sender_id <> $3 AND deleted)::int AS others_deleted
  FROM ${schema}.messages WHERE chat_id = $2 AND seq > $4 AND seq <= $5`;

function partitionsOf({ chats, messages, keys }: Wanted, partitions: number): number[] {
  const chatIds = [...chats, ...messages.map(({ chatId }) => chatId), ...keys.map(({ chatId }) => chatId)];
  return [...new Set(chatIds.map((chatId) => partitionOf(chatId, partitions)))];
}

const parameters = ({ chats, messages, keys }: Wanted): unknown[] => [
  uuidArray(chats),
  uuidArray(messages.map(({ chatId }) => chatId)),
  int4Array(messages.map(({ seq }) => seq)),
  uuidArray(keys.map(({ chatId }) => chatId)),
  int8Array(keys.map(({ actor }) => BigInt(actor))),
  textArray(keys.map(({ key }) => key)),
];

function snapshotFrom(row: Row | undefined, positions: ReadonlyMap<number, Position>): Snapshot {
  return {
    positions,
    chats: new Map((row?.chats ?? []).map((chat) => [chat.chat_id, chatFrom(chat)])),
    messages: new Map((row?.messages ?? []).map((message) => [keyOfMessage(message), messageFrom(message)])),
    keys: new Map((row?.keys ?? []).map((key) => [keyOfCommand(key), keyedFrom(key)])),
  };
}

const keyOfMessage = (row: MessageRow): string => messageKey({ chatId: row.chat_id, seq: row.seq });
const keyOfCommand = (row: KeyRow): string => commandKey({ chatId: row.chat_id, actor: row.actor, key: row.key });
const keyedFrom = (row: KeyRow): KeyedCommand => ({
  requestHash: row.request_hash,
  version: row.version,
  seq: row.seq,
});

function chatFrom(row: ChatRow): ActiveChat | DeletedChat {
  if (row.deleted) return { status: "deleted", version: row.version };
  return {
    status: "active",
    version: row.version,
    chatType: row.chat_type,
    title: row.title,
    description: row.description,
    avatar: row.avatar,
    creatorId: row.creator_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastSeq: row.last_seq,
    members: new Map((row.members ?? []).map((member) => [member[0], memberFrom(member)])),
    fullyRead: { upTo: row.up_to, exceptAuthor: row.except_author },
  };
}

const memberFrom = ([userId, active, role, joinedAt, readUpTo, ownReadUpTo]: MemberRow): Member => ({
  userId,
  status: active ? "in" : "out",
  role,
  joinedAt,
  readUpTo,
  ownReadUpTo,
});

const messageFrom = (row: MessageRow): MessageState => ({
  seq: row.seq,
  senderId: row.sender_id,
  text: row.text,
  sentAt: row.sent_at,
  editedAt: row.edited_at,
  deleted: row.deleted,
  replyTo: row.reply_to,
  clientMessageId: row.client_message_id,
  files: row.files,
});
