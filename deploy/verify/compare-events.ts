import { isDeepStrictEqual } from "node:util";
import { attachedFiles } from "@chat/shared/events/attached-files";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import type { ChatEventRecord } from "@chat/shared/events/event-record";
import type { CommandRow, JournalRow, MessageRow, RowReader } from "./queries/rows.ts";
import type { RowClaims } from "./row-claims.ts";

/** An event with its place, and whether it is the first of its command. */
export interface PlacedRecord {
  readonly record: ChatEventRecord;
  readonly offset: number;
  readonly beginsCommand: boolean;
  /** An event of its chat was skipped before, which may have been the one that sent the message. */
  readonly isAfterSkipped: boolean;
}

type Fault = (event: PlacedRecord, what: string) => void;

/** What of an event stands in the journal's `data`, under the event's own names. The rest is in columns, or in other rows. */
const journalKeys: Readonly<Record<ChatEvent["type"], readonly string[]>> = {
  ChatCreated: ["chatType", "members", "content"],
  ChatRenamed: ["content"],
  ChatDeleted: [],
  MembersAdded: ["members", "readUpTo"],
  MemberRemoved: ["userId"],
  MemberLeft: ["userId"],
  MemberRoleChanged: ["userId", "role"],
  MessageSent: [],
  MessageEdited: [],
  MessageDeleted: [],
  FileAttached: [],
  MessageRead: ["from", "named"],
  MessagesFullyRead: ["from", "upTo", "slowest", "slowestFrom", "slowestUpTo", "former"],
};

/**
 * Each event of the log against the rows that it must have made: the journal's, its message's, its command's. What a message's
 * row owes to events that come later goes to `claims`.
 */
export async function compareEvents(
  rows: RowReader,
  claims: RowClaims,
  partition: number,
  events: readonly PlacedRecord[],
  fault: Fault,
): Promise<void> {
  const journal = new Map(
    (await rows.journal(events.map(({ record, offset }) => ({ chatId: record.chatId, offset })))).map((row) => [
      `${row.chat_id} ${row.offset}`,
      row,
    ]),
  );
  const messages = new Map(
    (await rows.messages(events.flatMap(messagePlace))).map((row) => [`${row.chat_id} ${row.seq}`, row]),
  );
  const commands = new Map(
    (await rows.commands(events.flatMap(commandPlace))).map((row) => [
      `${row.chat_id} ${row.actor_id} ${row.key}`,
      row,
    ]),
  );
  for (const placed of events) {
    const { record, offset } = placed;
    const { chatId, actor, idempotencyKey } = record;
    const tell = (what: string): void => fault(placed, what);
    compareJournal(record, partition, journal.get(`${chatId} ${offset}`), tell);
    for (const { seq } of messagePlace(placed)) {
      const row = messages.get(`${chatId} ${seq}`);
      // Of a message that is there its own first event says so.
      if (row !== undefined || !placed.isAfterSkipped || record.event.type === "MessageSent") {
        compareMessage(record, seq, row, tell);
      }
      if (row !== undefined) claimOrSettle(claims, record, row);
    }
    if (idempotencyKey !== null) {
      compareCommand(placed, commands.get(`${chatId} ${actor} ${idempotencyKey}`), tell);
    }
  }
}

function messagePlace({ record: { chatId, event } }: PlacedRecord) {
  return "seq" in event ? [{ chatId, seq: event.seq }] : [];
}

function commandPlace({ record: { chatId, actor, idempotencyKey: key } }: PlacedRecord) {
  return key === null ? [] : [{ chatId, actor, key }];
}

function compareJournal(
  record: ChatEventRecord,
  partition: number,
  row: JournalRow | undefined,
  tell: (what: string) => void,
): void {
  const { event } = record;
  if (row === undefined) {
    tell("the journal has no row for this event");
    return;
  }
  const expected = {
    partition,
    version: record.version,
    type: event.type,
    actor_id: record.actor,
    at: Date.parse(record.at),
    seq: "seq" in event ? event.seq : null,
    up_to: event.type === "MessageRead" ? event.upTo : null,
  };
  differing("the journal", expected, row, tell);
  const said: Readonly<Record<string, unknown>> = { ...event };
  const wrong = journalKeys[event.type].filter((key) => !isDeepStrictEqual(row.data?.[key], plain(said[key])));
  if (wrong.length > 0) tell(`the journal has another ${wrong.join(", ")} than the event`);
}

/** As JSON keeps it: keys without a value are not there. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}

/** The row is as the message is *now*: this event's text stands in it only if no later one has changed it. */
function compareMessage(
  record: ChatEventRecord,
  seq: number,
  row: MessageRow | undefined,
  tell: (what: string) => void,
): void {
  const { event, version } = record;
  if (row === undefined) {
    tell(`the row of message ${seq} is missing`);
    return;
  }
  if (event.type === "FileAttached") {
    // They go with their message.
    const kept = row.files.filter((file) => file.version === version);
    if (!row.deleted && !isDeepStrictEqual(kept, attachedFiles(event, version))) tell(`message ${seq} has other files`);
    return;
  }
  const isLast = row.changed_version === version;
  if (row.changed_version < version) tell(`message ${seq} was changed last in version ${row.changed_version}`);
  const differ = (expected: Readonly<Record<string, unknown>>): void =>
    differing(`message ${seq}`, expected, row, tell);
  if (event.type === "MessageSent") {
    differ({
      sender_id: record.actor,
      client_message_id: record.idempotencyKey,
      reply_to: event.replyTo,
      sent_at: Date.parse(record.at),
      sent_version: version,
    });
    if (isLast) differ({ text: event.content.text, edited_at: null, deleted: false });
  } else if (event.type === "MessageEdited") {
    if (isLast) differ({ text: event.content.text, edited_at: Date.parse(record.at), deleted: false });
  } else {
    differ({ text: "", deleted: true });
    if (row.files.length > 0) tell(`message ${seq} was deleted and has files`);
  }
}

function claimOrSettle(claims: RowClaims, { chatId, version, event }: ChatEventRecord, row: MessageRow): void {
  if (event.type === "MessageSent") claims.begin(row, version);
  else claims.settle({ chatId, seq: row.seq, version, of: event.type === "FileAttached" ? "file" : "text" });
}

function compareCommand(
  { record, beginsCommand }: PlacedRecord,
  row: CommandRow | undefined,
  tell: (what: string) => void,
): void {
  const { event, version } = record;
  if (row === undefined) {
    tell("the command's key is not kept");
    return;
  }
  if (row.request_hash !== (record.requestHash ?? "")) tell("the command's key is kept with another request");
  if (beginsCommand && row.version < version) tell(`the command's key was used before, in version ${row.version}`);
  if (row.version > version) tell(`the command's key is kept with version ${row.version}`);
  if (row.version !== version) return;
  differing("the command", { seq: "seq" in event ? event.seq : null }, row, tell);
}

/** Names columns, and never what stands in them: it may be what people write. */
export function differing(
  what: string,
  expected: Readonly<Record<string, unknown>>,
  row: object,
  tell: (what: string) => void,
): void {
  const found: Readonly<Record<string, unknown>> = { ...row };
  const wrong = Object.keys(expected).filter((column) => found[column] !== expected[column]);
  if (wrong.length === 0) return;
  const told = wrong.map((column) => {
    const [is, should] = [found[column], expected[column]];
    return typeof is === "number" && typeof should === "number" ? `${column} ${is} instead of ${should}` : column;
  });
  tell(`${what} differs in ${told.join(", ")}`);
}
