import {
  boolArray,
  int4Array,
  int8Array,
  textArray,
  timestamptzArray,
  uuidArray,
} from "@chat/shared/postgres/binary-array";
import type { ChatType } from "@chat/shared/events/chat-events";
import { entry, refuseMissing, userNumber, type PlacedEvent, type Projection } from "./projection.ts";

/** What a batch makes of one chat. Undefined: untouched. */
interface ChatChange {
  readonly chatId: string;
  readonly created: { readonly chatType: ChatType; readonly creatorId: string; readonly at: number } | null;
  /** Before the batch; the row must stand there. */
  readonly fromVersion: number;
  version: number;
  title: string | null | undefined;
  description: string | null | undefined;
  avatar: string | null | undefined;
  updatedAt: number | undefined;
  activeAt: number | undefined;
  lastSeq: number | undefined;
  fullyReadUpTo: number | undefined;
  fullyReadExcept: string | undefined;
  deleted: boolean;
}

export function chatsProjection(schema: string): Projection {
  return {
    begin() {
      const changes = new Map<string, ChatChange>();
      return {
        apply(event) {
          const change = entry(changes, event.chatId, () => changeBeginningWith(event));
          // Versions are dense: a gap means that this code has missed an event or that the log holds a false one.
          if (event.version !== change.version + 1) {
            throw new Error(`version ${event.version} of the chat follows version ${change.version}`);
          }
          change.version = event.version;
          fold(change, event);
        },
        statements() {
          const created = [...changes.values()].filter((change) => change.created !== null);
          const changed = [...changes.values()].filter((change) => change.created === null);
          return [
            ...(created.length === 0 ? [] : [insertStatement(schema, created)]),
            ...(changed.length === 0 ? [] : [updateStatement(schema, changed)]),
          ];
        },
      };
    },
  };
}

function changeBeginningWith(record: PlacedEvent): ChatChange {
  const { chatId, version, actor, event } = record;
  const at = Date.parse(record.at);
  return {
    chatId,
    created: event.type === "ChatCreated" ? { chatType: event.chatType, creatorId: actor, at } : null,
    fromVersion: version - 1,
    version: version - 1,
    title: undefined,
    description: undefined,
    avatar: undefined,
    updatedAt: undefined,
    activeAt: undefined,
    lastSeq: undefined,
    fullyReadUpTo: undefined,
    fullyReadExcept: undefined,
    deleted: false,
  };
}

function fold(change: ChatChange, { event, at }: PlacedEvent): void {
  switch (event.type) {
    case "ChatCreated":
      change.title = event.content.title;
      change.description = event.content.description;
      change.updatedAt = change.activeAt = Date.parse(at);
      return;
    case "ChatRenamed":
      if (event.avatar !== undefined) change.avatar = event.avatar;
      if (event.content.title !== undefined) change.title = event.content.title;
      if (event.content.description !== undefined) change.description = event.content.description;
      change.updatedAt = Date.parse(at);
      return;
    case "ChatDeleted":
      change.deleted = true;
      change.updatedAt = Date.parse(at);
      return;
    case "MembersAdded":
    case "MemberRemoved":
    case "MemberLeft":
    case "MemberRoleChanged":
      change.updatedAt = Date.parse(at);
      return;
    case "MessageSent":
      change.lastSeq = event.seq;
      change.activeAt = Date.parse(at);
      return;
    case "MessagesFullyRead":
      change.fullyReadUpTo = event.upTo;
      change.fullyReadExcept = event.slowest;
      return;
    case "MessageEdited":
    case "MessageDeleted":
    case "FileAttached":
    case "MessageRead":
      return;
    default:
      event satisfies never;
  }
}

function insertStatement(schema: string, changes: readonly ChatChange[]) {
  return {
    name: `${schema}.chats-insert`,
    text: `
      INSERT INTO ${schema}.chats (chat_id, chat_type, title, description, avatar, creator_id, created_at, updated_at,
        active_at, version, last_seq, fully_read_up_to, fully_read_except, deleted)
      SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int8[], $7::timestamptz[],
        $8::timestamptz[], $9::timestamptz[], $10::int4[], $11::int4[], $12::int4[], $13::int8[], $14::bool[])`,
    values: [
      uuidArray(changes.map((change) => change.chatId)),
      textArray(changes.map((change) => change.created?.chatType ?? null)),
      textArray(changes.map((change) => change.title ?? null)),
      textArray(changes.map((change) => change.description ?? null)),
      textArray(changes.map((change) => change.avatar ?? null)),
      int8Array(changes.map((change) => (change.created === null ? null : userNumber(change.created.creatorId)))),
      timestamptzArray(changes.map((change) => change.created?.at ?? null)),
      timestamptzArray(changes.map((change) => change.updatedAt ?? null)),
      timestamptzArray(changes.map((change) => change.activeAt ?? null)),
      int4Array(changes.map((change) => change.version)),
      int4Array(changes.map((change) => change.lastSeq ?? 0)),
      int4Array(changes.map((change) => change.fullyReadUpTo ?? 0)),
      int8Array(changes.map((change) => exceptNumber(change))),
      boolArray(changes.map((change) => change.deleted)),
    ],
  };
}

/** What people name is null when it is taken away, so for these a flag says whether they change. */
function updateStatement(schema: string, changes: readonly ChatChange[]) {
  return {
    name: `${schema}.chats-update`,
    text: `
      WITH change AS (
        SELECT * FROM unnest($1::uuid[], $2::int4[], $3::int4[], $4::int4[], $5::timestamptz[], $6::timestamptz[],
          $7::int4[], $8::int8[], $9::bool[], $10::bool[], $11::text[], $12::bool[], $13::text[], $14::bool[], $15::text[])
        AS change (chat_id, from_version, version, last_seq, active_at, updated_at, fully_read_up_to,
          fully_read_except, deleted, titled, title, described, description, pictured, avatar)
      ), done AS (
        UPDATE ${schema}.chats AS c SET
          version = change.version,
          last_seq = coalesce(change.last_seq, c.last_seq),
          active_at = coalesce(change.active_at, c.active_at),
          updated_at = coalesce(change.updated_at, c.updated_at),
          fully_read_up_to = coalesce(change.fully_read_up_to, c.fully_read_up_to),
          fully_read_except = coalesce(change.fully_read_except, c.fully_read_except),
          deleted = c.deleted OR change.deleted,
          title = CASE WHEN change.titled THEN change.title ELSE c.title END,
          description = CASE WHEN change.described THEN change.description ELSE c.description END,
          avatar = CASE WHEN change.pictured THEN change.avatar ELSE c.avatar END
        FROM change WHERE c.chat_id = change.chat_id AND c.version = change.from_version
        RETURNING c.chat_id
      )
      ${refuseMissing(schema, "chat_id", "a chat is absent or at another version than its events follow")}`,
    values: [
      uuidArray(changes.map((change) => change.chatId)),
      int4Array(changes.map((change) => change.fromVersion)),
      int4Array(changes.map((change) => change.version)),
      int4Array(changes.map((change) => change.lastSeq ?? null)),
      timestamptzArray(changes.map((change) => change.activeAt ?? null)),
      timestamptzArray(changes.map((change) => change.updatedAt ?? null)),
      int4Array(changes.map((change) => change.fullyReadUpTo ?? null)),
      int8Array(changes.map((change) => exceptNumber(change))),
      boolArray(changes.map((change) => change.deleted)),
      boolArray(changes.map((change) => change.title !== undefined)),
      textArray(changes.map((change) => change.title ?? null)),
      boolArray(changes.map((change) => change.description !== undefined)),
      textArray(changes.map((change) => change.description ?? null)),
      boolArray(changes.map((change) => change.avatar !== undefined)),
      textArray(changes.map((change) => change.avatar ?? null)),
    ],
  };
}

function exceptNumber({ fullyReadExcept }: ChatChange): number | bigint | null {
  return fullyReadExcept === undefined ? null : userNumber(fullyReadExcept);
}
