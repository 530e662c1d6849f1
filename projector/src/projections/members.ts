import {
  boolArray,
  int4Array,
  int8Array,
  textArray,
  timestamptzArray,
  uuidArray,
} from "@chat/shared/postgres/binary-array";
import type { NewMember, Role } from "@chat/shared/events/chat-events";
import { entry, refuseMissing, userNumber, type PlacedEvent, type Projection } from "./projection.ts";

/** What a batch makes of one member. Null: as it was. */
interface MemberChange {
  readonly chatId: string;
  readonly userId: string;
  /** Let in, or let in again, by this batch: then the row is written whole, whatever was there. */
  joined: Joined | null;
  role: Role | null;
  active: boolean | null;
  readUpTo: number | null;
  /** Own messages of this batch. */
  readonly ownSeqs: number[];
  ownReadUpTo: number;
}

interface Joined {
  readonly at: number;
  readonly role: Role;
  readonly readUpTo: number;
}

/**
 * Who is in, with which role, and how far they have read. Only the sender's row changes with a message (its
 * `own_since`), never those of the others: unread follows from the chat's last seq at reading time.
 */
export function membersProjection(schema: string): Projection {
  return {
    begin() {
      const changes = new Map<string, MemberChange>();
      const deletedChats: string[] = [];

      const memberOf = (chatId: string, userId: string): MemberChange =>
        entry(changes, chatId + userId, () => ({
          chatId,
          userId,
          joined: null,
          role: null,
          active: null,
          readUpTo: null,
          ownSeqs: [],
          ownReadUpTo: 0,
        }));

      function join({ chatId, at }: PlacedEvent, { userId, role }: NewMember, readUpTo: number): void {
        const change = memberOf(chatId, userId);
        change.joined = { at: Date.parse(at), role, readUpTo };
        change.role = role;
        change.active = true;
        change.readUpTo = readUpTo;
      }

      return {
        apply(record) {
          const { chatId, actor, event } = record;
          switch (event.type) {
            case "ChatCreated":
              for (const member of event.members) join(record, member, 0);
              return;
            case "MembersAdded":
              for (const member of event.members) join(record, member, event.readUpTo);
              return;
            case "MemberRemoved":
            case "MemberLeft":
              memberOf(chatId, event.userId).active = false;
              return;
            case "MemberRoleChanged":
              memberOf(chatId, event.userId).role = event.role;
              return;
            case "MessageSent":
              memberOf(chatId, actor).ownSeqs.push(event.seq);
              return;
            case "MessageRead":
              memberOf(chatId, actor).readUpTo = event.upTo;
              return;
            case "MessagesFullyRead": {
              const slowest = memberOf(chatId, event.slowest);
              slowest.ownReadUpTo = Math.max(slowest.ownReadUpTo, event.slowestUpTo);
              return;
            }
            case "ChatDeleted":
              deletedChats.push(chatId);
              return;
            case "ChatRenamed":
            case "MessageEdited":
            case "MessageDeleted":
            case "FileAttached":
              return;
            default:
              event satisfies never;
          }
        },
        statements() {
          const joined = [...changes.values()].filter((change) => change.joined !== null);
          const changed = [...changes.values()].filter((change) => change.joined === null);
          return [
            ...(joined.length === 0 ? [] : [joinStatement(schema, joined)]),
            ...(changed.length === 0 ? [] : [updateStatement(schema, changed)]),
            ...(deletedChats.length === 0 ? [] : [endAllStatement(schema, deletedChats)]),
          ];
        },
      };
    },
  };
}

/** Whoever joins has read up to the last seq, so own messages beyond the pointer are all of this batch. */
function joinStatement(schema: string, changes: readonly MemberChange[]) {
  return {
    name: `${schema}.members-join`,
    text: `
      INSERT INTO ${schema}.members AS m (chat_id, user_id, role, active, joined_at, read_up_to, own_since, own_read_up_to)
      SELECT * FROM unnest($1::uuid[], $2::int8[], $3::text[], $4::bool[], $5::timestamptz[], $6::int4[], $7::int4[], $8::int4[])
      ON CONFLICT (chat_id, user_id) DO UPDATE SET
        role = excluded.role,
        active = excluded.active,
        joined_at = excluded.joined_at,
        read_up_to = excluded.read_up_to,
        own_since = excluded.own_since,
        own_read_up_to = greatest(m.own_read_up_to, excluded.own_read_up_to)`,
    values: [
      uuidArray(changes.map((change) => change.chatId)),
      int8Array(changes.map((change) => userNumber(change.userId))),
      textArray(changes.map((change) => change.role)),
      boolArray(changes.map((change) => change.active)),
      timestamptzArray(changes.map((change) => change.joined?.at ?? null)),
      int4Array(changes.map((change) => change.readUpTo)),
      int4Array(changes.map(({ ownSeqs, readUpTo }) => ownSeqs.filter((seq) => seq > (readUpTo ?? 0)).length)),
      int4Array(changes.map((change) => change.ownReadUpTo)),
    ],
  };
}

/**
 * `own_since` counts own messages beyond the read pointer. When the pointer moves, they are counted anew from the
 * messages (this batch's are there already), on whichever side of the new pointer there are fewer; at the end of the
 * chat, where most readers are, there are none.
 */
function updateStatement(schema: string, changes: readonly MemberChange[]) {
  return {
    name: `${schema}.members-update`,
    text: `
      WITH change AS (
        SELECT * FROM unnest($1::uuid[], $2::int8[], $3::text[], $4::bool[], $5::int4[], $6::int4[], $7::int4[])
        AS change (chat_id, user_id, role, active, read_up_to, sent, own_read_up_to)
      ), done AS (
        UPDATE ${schema}.members AS m SET
          role = coalesce(change.role, m.role),
          active = coalesce(change.active, m.active),
          read_up_to = coalesce(change.read_up_to, m.read_up_to),
          own_read_up_to = greatest(m.own_read_up_to, change.own_read_up_to),
          own_since = CASE
            WHEN change.read_up_to IS NULL THEN m.own_since + change.sent
            WHEN change.read_up_to >= c.last_seq THEN 0
            WHEN change.read_up_to - m.read_up_to < c.last_seq - change.read_up_to THEN m.own_since + change.sent - (
              SELECT count(*) FROM ${schema}.messages AS own
              WHERE own.chat_id = m.chat_id AND own.seq > m.read_up_to AND own.seq <= change.read_up_to
                AND own.sender_id = m.user_id)
            ELSE (
              SELECT count(*) FROM ${schema}.messages AS own
              WHERE own.chat_id = m.chat_id AND own.seq > change.read_up_to AND own.sender_id = m.user_id)
            END
        FROM change JOIN ${schema}.chats AS c ON c.chat_id = change.chat_id
        WHERE m.chat_id = change.chat_id AND m.user_id = change.user_id
        RETURNING m.chat_id, m.user_id
      )
      ${refuseMissing(schema, "chat_id, user_id", "an event speaks of somebody who never was a member")}`,
    values: [
      uuidArray(changes.map((change) => change.chatId)),
      int8Array(changes.map((change) => userNumber(change.userId))),
      textArray(changes.map((change) => change.role)),
      boolArray(changes.map((change) => change.active)),
      int4Array(changes.map((change) => change.readUpTo)),
      int4Array(changes.map((change) => change.ownSeqs.length)),
      int4Array(changes.map((change) => change.ownReadUpTo)),
    ],
  };
}

function endAllStatement(schema: string, chatIds: readonly string[]) {
  return {
    name: `${schema}.members-end-all`,
    text: `UPDATE ${schema}.members SET active = false WHERE chat_id = ANY ($1::uuid[]) AND active`,
    values: [uuidArray(chatIds)],
  };
}
