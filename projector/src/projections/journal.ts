import {
  int4Array,
  int8Array,
  jsonbArray,
  textArray,
  timestamptzArray,
  uuidArray,
} from "@chat/shared/postgres/binary-array";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import { userNumber, type PlacedEvent, type Projection } from "./projection.ts";

/** Every event, one row, so that a device that was away gets what it missed without the log being read again. */
export function journalProjection(schema: string): Projection {
  return {
    begin() {
      const events: PlacedEvent[] = [];
      return {
        apply: (event) => events.push(event),
        statements: () => (events.length === 0 ? [] : [insertStatement(schema, events)]),
      };
    },
  };
}

/**
 * What of an event stands in no other row, under the event's own names. Texts and files are left out: they are joined from
 * `messages` as they are when somebody asks, so that a text that was taken back never comes again.
 */
export function journalData(event: ChatEvent): object | null {
  switch (event.type) {
    case "ChatCreated":
      return { chatType: event.chatType, members: event.members, content: event.content };
    case "ChatRenamed":
      return { ...(event.avatar === undefined ? {} : { avatar: event.avatar }), content: event.content };
    case "MembersAdded":
      return { members: event.members, readUpTo: event.readUpTo };
    case "MemberRemoved":
    case "MemberLeft":
      return { userId: event.userId };
    case "MemberRoleChanged":
      return { userId: event.userId, role: event.role };
    case "MessageEdited":
      return { readCount: event.message.readCount, fullyRead: event.message.fullyRead };
    case "FileAttached": {
      if (event.message === undefined) return null;
      const { editedAt, readCount, fullyRead } = event.message;
      return { editedAt, readCount, fullyRead };
    }
    case "MessageRead":
      return { from: event.from, named: event.named };
    case "MessagesFullyRead": {
      const { type: _, ...watermarks } = event;
      return watermarks;
    }
    case "ChatDeleted":
    case "MessageSent":
    case "MessageDeleted":
      return null;
    default:
      return event satisfies never;
  }
}

function insertStatement(schema: string, events: readonly PlacedEvent[]) {
  return {
    name: `${schema}.journal-insert`,
    text: `
      INSERT INTO ${schema}.chat_events (chat_id, "offset", partition, version, type, actor_id, at, seq, up_to, data)
      SELECT * FROM unnest($1::uuid[], $2::int8[], $3::int4[], $4::int4[], $5::text[], $6::int8[], $7::timestamptz[],
        $8::int4[], $9::int4[], $10::jsonb[])`,
    values: [
      uuidArray(events.map(({ chatId }) => chatId)),
      int8Array(events.map(({ offset }) => offset)),
      int4Array(events.map(({ partition }) => partition)),
      int4Array(events.map(({ version }) => version)),
      textArray(events.map(({ event }) => event.type)),
      int8Array(events.map(({ actor }) => userNumber(actor))),
      timestamptzArray(events.map(({ at }) => Date.parse(at))),
      int4Array(events.map(({ event }) => ("seq" in event ? event.seq : null))),
      int4Array(events.map(({ event }) => (event.type === "MessageRead" ? event.upTo : null))),
      jsonbArray(events.map(({ event }) => jsonOrNull(journalData(event)))),
    ],
  };
}

function jsonOrNull(data: object | null): string | null {
  return data === null ? null : JSON.stringify(data);
}
