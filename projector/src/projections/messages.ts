import { type AttachedFile, attachedFiles } from "@chat/shared/events/attached-files";
import {
  boolArray,
  int4Array,
  int8Array,
  jsonbArray,
  textArray,
  timestamptzArray,
  uuidArray,
} from "@chat/shared/postgres/binary-array";
import { refuseMissing, userNumber, type PlacedEvent, type Projection } from "./projection.ts";

interface NewMessage extends MessageChange {
  readonly senderId: string;
  readonly clientMessageId: string | null;
  readonly replyTo: number | null;
  readonly sentAt: number;
  readonly sentVersion: number;
  changedVersion: number;
}

interface MessageChange {
  readonly chatId: string;
  readonly seq: number;
  /** Null: as it was. A deleted message has none: what people took back must not be read here any more. */
  text: string | null;
  editedAt: number | null;
  deleted: boolean;
  /** Null: as it was. That files were added changes nothing of what the message says. */
  changedVersion: number | null;
  /** Added by this batch. */
  files: AttachedFile[];
}

export function messagesProjection(schema: string): Projection {
  return {
    begin() {
      const sent = new Map<string, NewMessage>();
      const changed = new Map<string, MessageChange>();

      /** The row to fold into: one that this batch writes anyway, else a change of an older one. */
      function messageOf({ chatId }: PlacedEvent, seq: number): MessageChange {
        const key = `${chatId}.${seq}`;
        const known = sent.get(key) ?? changed.get(key);
        if (known !== undefined) return known;
        const change = { chatId, seq, text: null, editedAt: null, deleted: false, changedVersion: null, files: [] };
        changed.set(key, change);
        return change;
      }

      return {
        apply(record) {
          const { event } = record;
          switch (event.type) {
            case "MessageSent":
              sent.set(`${record.chatId}.${event.seq}`, {
                chatId: record.chatId,
                seq: event.seq,
                senderId: record.actor,
                text: event.content.text,
                clientMessageId: record.idempotencyKey,
                replyTo: event.replyTo,
                sentAt: Date.parse(record.at),
                editedAt: null,
                deleted: false,
                sentVersion: record.version,
                changedVersion: record.version,
                files: [],
              });
              return;
            case "MessageEdited": {
              const message = messageOf(record, event.seq);
              message.text = event.content.text;
              message.editedAt = Date.parse(record.at);
              message.changedVersion = record.version;
              return;
            }
            case "MessageDeleted": {
              const message = messageOf(record, event.seq);
              message.text = "";
              message.deleted = true;
              message.files = [];
              message.changedVersion = record.version;
              return;
            }
            case "FileAttached":
              messageOf(record, event.seq).files.push(...attachedFiles(event, record.version));
              return;
            case "ChatCreated":
            case "ChatRenamed":
            case "ChatDeleted":
            case "MembersAdded":
            case "MemberRemoved":
            case "MemberLeft":
            case "MemberRoleChanged":
            case "MessageRead":
            case "MessagesFullyRead":
              return;
            default:
              event satisfies never;
          }
        },
        statements: () => [
          ...(sent.size === 0 ? [] : [insertStatement(schema, [...sent.values()])]),
          ...(changed.size === 0 ? [] : [updateStatement(schema, [...changed.values()])]),
        ],
      };
    },
  };
}

function insertStatement(schema: string, messages: readonly NewMessage[]) {
  return {
    name: `${schema}.messages-insert`,
    text: `
      INSERT INTO ${schema}.messages (chat_id, seq, sender_id, text, client_message_id, reply_to, sent_at, edited_at,
        deleted, sent_version, changed_version, files)
      SELECT * FROM unnest($1::uuid[], $2::int4[], $3::int8[], $4::text[], $5::text[], $6::int4[], $7::timestamptz[],
        $8::timestamptz[], $9::bool[], $10::int4[], $11::int4[], $12::jsonb[])`,
    values: [
      uuidArray(messages.map((message) => message.chatId)),
      int4Array(messages.map((message) => message.seq)),
      int8Array(messages.map((message) => userNumber(message.senderId))),
      textArray(messages.map((message) => message.text)),
      textArray(messages.map((message) => message.clientMessageId)),
      int4Array(messages.map((message) => message.replyTo)),
      timestamptzArray(messages.map((message) => message.sentAt)),
      timestamptzArray(messages.map((message) => message.editedAt)),
      boolArray(messages.map((message) => message.deleted)),
      int4Array(messages.map((message) => message.sentVersion)),
      int4Array(messages.map((message) => message.changedVersion)),
      jsonbArray(messages.map((message) => JSON.stringify(message.files))),
    ],
  };
}

function updateStatement(schema: string, changes: readonly MessageChange[]) {
  return {
    name: `${schema}.messages-update`,
    text: `
      WITH change AS (
        SELECT * FROM unnest($1::uuid[], $2::int4[], $3::text[], $4::timestamptz[], $5::bool[], $6::int4[], $7::jsonb[])
        AS change (chat_id, seq, text, edited_at, deleted, changed_version, files)
      ), done AS (
        UPDATE ${schema}.messages AS m SET
          text = coalesce(change.text, m.text),
          edited_at = coalesce(change.edited_at, m.edited_at),
          deleted = m.deleted OR change.deleted,
          changed_version = coalesce(change.changed_version, m.changed_version),
          files = CASE WHEN m.deleted OR change.deleted THEN '[]' ELSE m.files || change.files END
        FROM change WHERE m.chat_id = change.chat_id AND m.seq = change.seq
        RETURNING m.chat_id, m.seq
      )
      ${refuseMissing(schema, "chat_id, seq", "an event speaks of a message that is not there")}`,
    values: [
      uuidArray(changes.map((change) => change.chatId)),
      int4Array(changes.map((change) => change.seq)),
      textArray(changes.map((change) => change.text)),
      timestamptzArray(changes.map((change) => change.editedAt)),
      boolArray(changes.map((change) => change.deleted)),
      int4Array(changes.map((change) => change.changedVersion)),
      jsonbArray(changes.map((change) => JSON.stringify(change.files))),
    ],
  };
}
