import { int4Array, int8Array, uuidArray } from "@chat/shared/postgres/binary-array";
import { refuseMissing, userNumber, type PlacedEvent, type Projection } from "./projection.ts";

interface Span {
  readonly chatId: string;
  readonly userId: string;
  readonly fromVersion: number;
  toVersion: number | null;
}

interface EndOfSpan {
  readonly chatId: string;
  readonly userId: string;
  readonly toVersion: number;
}

interface EndOfChat {
  readonly chatId: string;
  readonly toVersion: number;
}

/** When somebody was a member. The event that ended a span is the last of it: he may still see that one. */
export function memberSpansProjection(schema: string): Projection {
  return {
    begin() {
      const begun: Span[] = [];
      const open = new Map<string, Span>();
      const ended: EndOfSpan[] = [];
      const deletedChats: EndOfChat[] = [];

      function begin({ chatId, version }: PlacedEvent, userId: string): void {
        const span = { chatId, userId, fromVersion: version, toVersion: null };
        begun.push(span);
        open.set(chatId + userId, span);
      }

      function end({ chatId, version }: PlacedEvent, userId: string): void {
        const span = open.get(chatId + userId);
        if (span === undefined) ended.push({ chatId, userId, toVersion: version });
        else span.toVersion = version;
        open.delete(chatId + userId);
      }

      return {
        apply(record) {
          const { event } = record;
          switch (event.type) {
            case "ChatCreated":
            case "MembersAdded":
              for (const { userId } of event.members) begin(record, userId);
              return;
            case "MemberRemoved":
            case "MemberLeft":
              end(record, event.userId);
              return;
            case "ChatDeleted":
              deletedChats.push({ chatId: record.chatId, toVersion: record.version });
              return;
            case "ChatRenamed":
            case "MemberRoleChanged":
            case "MessageSent":
            case "MessageEdited":
            case "MessageDeleted":
            case "FileAttached":
            case "MessageRead":
            case "MessagesFullyRead":
              return;
            default:
              event satisfies never;
          }
        },
        // Ends come first: somebody who left and came back in this batch has two open rows otherwise.
        statements: () => [
          ...(ended.length === 0 ? [] : [endStatement(schema, ended)]),
          ...(begun.length === 0 ? [] : [beginStatement(schema, begun)]),
          ...(deletedChats.length === 0 ? [] : [endAllStatement(schema, deletedChats)]),
        ],
      };
    },
  };
}

function endStatement(schema: string, ends: readonly EndOfSpan[]) {
  return {
    name: `${schema}.member-spans-end`,
    text: `
      WITH change AS (
        SELECT * FROM unnest($1::uuid[], $2::int8[], $3::int4[]) AS change (chat_id, user_id, to_version)
      ), done AS (
        UPDATE ${schema}.member_spans AS s SET to_version = change.to_version
        FROM change WHERE s.chat_id = change.chat_id AND s.user_id = change.user_id AND s.to_version IS NULL
        RETURNING s.chat_id, s.user_id
      )
      ${refuseMissing(schema, "chat_id, user_id", "an event ends a membership that had not begun")}`,
    values: [
      uuidArray(ends.map((end) => end.chatId)),
      int8Array(ends.map((end) => userNumber(end.userId))),
      int4Array(ends.map((end) => end.toVersion)),
    ],
  };
}

function beginStatement(schema: string, spans: readonly Span[]) {
  return {
    name: `${schema}.member-spans-begin`,
    text: `
      INSERT INTO ${schema}.member_spans (chat_id, user_id, from_version, to_version)
      SELECT * FROM unnest($1::uuid[], $2::int8[], $3::int4[], $4::int4[])`,
    values: [
      uuidArray(spans.map((span) => span.chatId)),
      int8Array(spans.map((span) => userNumber(span.userId))),
      int4Array(spans.map((span) => span.fromVersion)),
      int4Array(spans.map((span) => span.toVersion)),
    ],
  };
}

function endAllStatement(schema: string, ends: readonly EndOfChat[]) {
  return {
    name: `${schema}.member-spans-end-all`,
    text: `
      UPDATE ${schema}.member_spans AS s SET to_version = ending.to_version
      FROM unnest($1::uuid[], $2::int4[]) AS ending (chat_id, to_version)
      WHERE s.chat_id = ending.chat_id AND s.to_version IS NULL`,
    values: [uuidArray(ends.map((end) => end.chatId)), int4Array(ends.map((end) => end.toVersion))],
  };
}
