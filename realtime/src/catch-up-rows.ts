import type { AttachedFile } from "@chat/shared/events/attached-files";
import type { ChatEvent, MessageFacts } from "@chat/shared/events/chat-events";
import type { ChatEventRecord } from "@chat/shared/events/event-record";
import { isoTime } from "@chat/shared/iso-time";
import { int4Array, int8Array, uuidArray } from "@chat/shared/postgres/binary-array";
import type { LiveReader, LiveRows } from "@chat/shared/read-model/read-live";
import type { Offsets } from "./offsets.ts";
import { inOrder, type PlainMessages, plainMessages, plainMessagesText } from "./plain-messages.ts";
import type { LateEvent } from "./replay.ts";
import type { Span } from "./spans.ts";

/** A span, and where in the journal something of it that was missed begins: null when nothing was. */
export interface MissedSpan extends Span {
  readonly partition: number | null;
  readonly nextOffset: number | null;
}

/** Part of a span that is asked for: events with `after` <= offset < `before`. */
export interface WantedSpan extends Span {
  readonly after: number;
  readonly before: number;
}

export interface CatchUpRows {
  /** The user's spans in all chats, or in one, that are open, or hold something from `since` on. */
  spans(userId: string, chatId: string | null, since: Offsets): Promise<LiveRows<MissedSpan>>;
  /** The first `limit` events of these spans, by partition and offset, with their positions. */
  events(wanted: readonly WantedSpan[], limit: number): Promise<LiveRows<LateEvent>>;
}

/** The journal, read by chat and offset: each chat's events lie together there. */
export function createCatchUpRows(reader: LiveReader): CatchUpRows {
  return {
    async spans(userId, chatId, since) {
      const { rows, positions } = await reader.read<SpanRow>(
        chatId === null
          ? { name: "catch-up-spans", text: spansText(""), values: [userId, int8Array(since)] }
          : { name: "catch-up-spans-of-chat", text: spansText(ofChat), values: [userId, int8Array(since), chatId] },
        "all",
      );
      const spans = rows.map((row) => ({
        chatId: row.chat_id,
        from: row.from_version,
        to: row.to_version,
        partition: row.partition,
        nextOffset: row.next_offset,
      }));
      return { rows: spans, positions };
    },

    async events(wanted, limit) {
      const { rows, positions } = await reader.read<PlainMessages & { readonly events: readonly EventRow[] }>(
        {
          name: "catch-up-events",
          text: eventsText,
          values: [
            uuidArray(wanted.map(({ chatId }) => chatId)),
            int8Array(wanted.map(({ after }) => after)),
            int8Array(wanted.map(({ before }) => before)),
            int4Array(wanted.map(({ from }) => from)),
            int4Array(wanted.map(({ to }) => to)),
            limit,
          ],
        },
        "all",
      );
      const found = rows.flatMap((row) => inOrder(plainMessages(row, wanted), row.events.map(journalEvent)));
      return { rows: found, positions };
    },
  };
}

interface SpanRow {
  readonly chat_id: string;
  readonly from_version: number;
  readonly to_version: number | null;
  readonly partition: number | null;
  readonly next_offset: number | null;
}

/** A chat's partition stands in any of its events. Spans that ended before are left out by one look into the index. */
const spansText =
  (condition: string) =>
  (schema: string): string => `
  SELECT s.chat_id::text, s.from_version, s.to_version, home.partition,
    CASE WHEN s.to_version IS NULL OR next.version <= s.to_version THEN next."offset" END AS next_offset
  FROM ${schema}.member_spans AS s
  LEFT JOIN LATERAL (
    SELECT partition FROM ${schema}.chat_events WHERE chat_id = s.chat_id ORDER BY "offset" LIMIT 1
  ) AS home ON true
  LEFT JOIN LATERAL (
    SELECT "offset", version FROM ${schema}.chat_events AS e
    WHERE e.chat_id = s.chat_id AND e."offset" >= ($3::int8[])[home.partition + 1] AND e.version >= s.from_version
    ORDER BY "offset" LIMIT 1
  ) AS next ON true
  WHERE s.user_id = $2::bigint AND (s.to_version IS NULL OR next.version <= s.to_version)${condition}`;

const ofChat = " AND s.chat_id = $4::uuid";

interface EventRow {
  readonly chat_id: string;
  readonly offset: number;
  readonly partition: number;
  readonly version: number;
  readonly type: ChatEvent["type"];
  readonly actor_id: string;
  readonly at_ms: number;
  readonly seq: number | null;
  readonly up_to: number | null;
  readonly data: unknown;
  readonly text: string | null;
  readonly sender_id: string | null;
  readonly client_message_id: string | null;
  readonly reply_to: number | null;
  readonly sent_at_ms: number | null;
  readonly edited_at_ms: number | null;
  readonly deleted: boolean | null;
  readonly changed_version: number | null;
  readonly files: readonly AttachedFile[] | null;
}

/**
 * One row that holds all: the positions come with every row, and one parse is cheaper than a thousand rows.
 * Each chat gives its first events, and of all those the first are taken, so no chat costs more than a slice.
 */
const eventsText = (schema: string): string => `
  SELECT ${plainMessagesText},
    COALESCE(json_agg(found) FILTER (WHERE NOT plain), '[]') AS events
  FROM (
    SELECT e.place, (e.type = 'MessageSent' AND m.changed_version = e.version AND m.files = '[]') IS TRUE AS plain,
      e.chat_id, e."offset", e.partition, e.version, e.type, e.actor_id::text,
      (date_part('epoch', e.at) * 1000)::int8 AS at_ms, e.seq, e.up_to, e.data,
      m.text, m.sender_id::text, m.client_message_id, m.reply_to, date_part('epoch', m.sent_at) * 1000 AS sent_at_ms,
      date_part('epoch', m.edited_at) * 1000 AS edited_at_ms, m.deleted, m.changed_version, m.files
    FROM (
      SELECT wanted.place, e.* FROM unnest($2::uuid[], $3::int8[], $4::int8[], $5::int4[], $6::int4[])
        WITH ORDINALITY AS wanted (chat_id, after, before, from_version, to_version, place)
      CROSS JOIN LATERAL (
        SELECT * FROM ${schema}.chat_events AS e
        WHERE e.chat_id = wanted.chat_id AND e."offset" >= wanted.after AND e."offset" < wanted.before
          AND e.version >= wanted.from_version
        ORDER BY e."offset" LIMIT $7::int
      ) AS e
      WHERE wanted.to_version IS NULL OR e.version <= wanted.to_version
      ORDER BY e.partition, e."offset" LIMIT $7::int
    ) AS e
    LEFT JOIN ${schema}.messages AS m
      ON m.chat_id = e.chat_id AND m.seq = e.seq AND e.type IN ('MessageSent', 'MessageEdited', 'MessageDeleted', 'FileAttached')
    ORDER BY e.partition, e."offset"
  ) AS found`;

function journalEvent(row: EventRow): LateEvent {
  const { chat_id: chatId, partition, offset, version, changed_version: changedVersion } = row;
  const record: ChatEventRecord = {
    // Nobody is told these, so the journal does not keep them.
    id: "",
    commandId: "",
    requestHash: null,
    traceParent: null,
    chatId,
    version,
    actor: row.actor_id,
    at: isoTime(Math.round(row.at_ms)),
    idempotencyKey: row.type === "MessageSent" ? row.client_message_id : null,
    event: eventFrom(row),
  };
  const message =
    changedVersion === null
      ? null
      : {
          text: row.text ?? "",
          editedAt: isoTimeOrNull(row.edited_at_ms),
          deleted: row.deleted === true,
          changedVersion,
          files: row.files ?? [],
        };
  return { partition, offset, record, bytes: 0, message };
}

/** The reverse of the projector's `journalData`: what it left out stands in columns or in the message's row. */
function eventFrom(row: EventRow): ChatEvent {
  const content = { text: row.text ?? "" };
  const files = row.files ?? [];
  const seq = row.seq ?? 0;
  switch (row.type) {
    case "MessageSent":
      return { type: row.type, seq, replyTo: row.reply_to, content };
    case "MessageEdited":
      // All that it has by now: who hears it takes them from `message`.
      return {
        type: row.type,
        seq,
        content: { ...content, names: files.map(({ name }) => name) },
        message: { ...messageFacts(row), ...(row.data as ReadMarks) },
      };
    case "MessageDeleted":
      return { type: row.type, seq, senderId: row.sender_id ?? "" };
    case "FileAttached": {
      const added = files.filter(({ version }) => version === row.version);
      const event = { type: row.type, seq, files: added, content: { names: added.map(({ name }) => name) } };
      if (row.data === null) return event;
      return {
        ...event,
        message: { ...messageFacts(row), ...(row.data as ReadMarks & { editedAt: string | null }) },
        content: { ...event.content, message: { ...content, names: files.map(({ name }) => name) } },
      };
    }
    case "MessageRead":
      return { type: row.type, upTo: row.up_to ?? 0, ...(row.data as { from: number; named: number | null }) };
    case "ChatCreated":
    case "ChatRenamed":
    case "ChatDeleted":
    case "MembersAdded":
    case "MemberRemoved":
    case "MemberLeft":
    case "MemberRoleChanged":
    case "MessagesFullyRead":
      // The projector has written the event's own fields.
      return { type: row.type, ...(row.data as object) } as ChatEvent;
    default:
      return row.type satisfies never;
  }
}

type ReadMarks = Pick<MessageFacts, "readCount" | "fullyRead">;

function messageFacts(row: EventRow): Omit<MessageFacts, keyof ReadMarks> {
  return {
    senderId: row.sender_id ?? "",
    sentAt: isoTime(Math.round(row.sent_at_ms ?? 0)),
    replyTo: row.reply_to,
    clientMessageId: row.client_message_id,
    files: row.files ?? [],
  };
}

const isoTimeOrNull = (ms: number | null): string | null => (ms === null ? null : isoTime(Math.round(ms)));
