import { fileObject, type FileObject } from "@chat/shared/api/file-object";
import { chatObject, type ChatObject, type ChatParts } from "@chat/shared/api/chat-object";
import { messageObject, type MessageObject } from "@chat/shared/api/message-object";
import { attachedFiles, type NamedFile, namedFiles } from "@chat/shared/events/attached-files";
import type { ChatEventRecord } from "@chat/shared/events/event-record";
import { formatMessageId } from "@chat/shared/ids";
import type { FileAttached, Role } from "@chat/shared/events/chat-events";
import { audienceOf, type Audience, type TellingKind } from "./audience.ts";

/** Ids in one `fully_read`; further ones follow in another. */
const MAX_IDS_PER_FRAME = 100;

/** One thing that certain people hear. */
export interface Telling {
  readonly kind: TellingKind;
  readonly to: Audience;
  /** When given, only this one of the audience. */
  readonly userId?: string;
  /** When given, only those of the audience for whom it holds. */
  readonly only?: (userId: string) => boolean;
  readonly seq: number | null;
  readonly payload: Payload;
  /** To `file_attached`: the whole message with them, for dialects whose word it is. Not known of older events. */
  readonly message?: MessageObject | undefined;
  /** Who wrote the message that was read. Only where a dialect asks for it. */
  readonly authorId?: string | undefined;
  /** How many members the chat had when all had read. Only where a dialect asks for it. */
  readonly members?: number | undefined;
  /** More of the same comes for the same people out of the same event. */
  readonly more: boolean;
}

export type Payload =
  | MessageObject
  | ChatObject
  | { readonly message_id: string; readonly seq: number; readonly by: string }
  | {
      readonly message_id: string;
      readonly seq: number;
      readonly files: readonly FileObject[];
      readonly by: string;
    }
  | { readonly user_id: string; readonly name: string | null; readonly role: Role; readonly by: string }
  | { readonly user_id: string; readonly by: string }
  | { readonly user_id: string; readonly role: Role; readonly by: string }
  | { readonly user_id: string; readonly up_to: number; readonly message_id: string }
  | { readonly message_ids: readonly string[]; readonly up_to: number }
  | { readonly [field in never]: never };

/** What an event does not say itself. Asked for only where `missingFacts` said so. */
export interface Facts {
  /** The chat right after the event, or newer: then `newer` is set. Null when it is nowhere to be found. */
  chatAfter(record: ChatEventRecord): { readonly chat: ChatParts; readonly newer: boolean } | null;
  nameOf(userId: string): string | null;
  /** Who hears late hears the message as it is by then. Null: as the event has it. */
  messageNow(record: ChatEventRecord): MessageNow | null;
  /** By author, the messages that the event made fully read, oldest first, and up to where. */
  fullyReadBy(
    record: ChatEventRecord,
  ): ReadonlyMap<string, { readonly seqs: readonly number[]; readonly upTo: number }>;
  /** The author of the message that was read; undefined where nobody asks, or it is nobody's who hears it. */
  authorOfRead(record: ChatEventRecord): string | undefined;
  /** How many were in the chat when it happened; undefined where nobody asks. */
  membersAt(record: ChatEventRecord): number | undefined;
}

/** `text` is empty where it was taken back, or is not for who hears it any more. */
export interface MessageNow {
  readonly text: string;
  /** ISO 8601 in UTC. */
  readonly editedAt: string | null;
  readonly deleted: boolean;
  readonly files: readonly NamedFile[];
}

/** An event as what people hear of it, in the order in which they hear it. */
export function tellingsOf(record: ChatEventRecord, facts: Facts): Telling[] {
  return audienceOf[record.event.type].flatMap(({ kind, to }) => tellingsTo(to, kind, record, facts));
}

function tellingsTo(to: Audience, kind: TellingKind, record: ChatEventRecord, facts: Facts): Telling[] {
  const { event, chatId, actor: by } = record;
  const tell = (payload: Payload, seq: number | null = null): Telling[] => [{ kind, to, seq, payload, more: false }];
  switch (event.type) {
    case "ChatCreated":
    case "ChatRenamed":
    case "ChatDeleted":
      return chatTellings(to, kind, record, facts);
    case "MembersAdded":
      if (to === "joined") return chatTellings(to, kind, record, facts);
      return event.members.map(({ userId, role }, index) => ({
        kind,
        to,
        seq: null,
        payload: { user_id: userId, name: facts.nameOf(userId), role, by },
        more: index < event.members.length - 1,
      }));
    case "MemberRemoved":
    case "MemberLeft":
      return tell({ user_id: event.userId, by });
    case "MemberRoleChanged":
      return tell({ user_id: event.userId, role: event.role, by });
    case "MessageSent":
    case "MessageEdited":
      return tell(messageOf(record, facts.messageNow(record)), event.seq);
    case "MessageDeleted":
      return tell({ message_id: formatMessageId(chatId, event.seq), seq: event.seq, by }, event.seq);
    case "FileAttached": {
      const { seq } = event;
      const now = facts.messageNow(record);
      // They go with their message, and as long as it is there it has them.
      const left = now?.files.length === 0 ? [] : attachedFiles(event, record.version);
      const files = left.map((file) => fileObject(chatId, seq, file));
      const [attached] = tell({ message_id: formatMessageId(chatId, seq), seq, files, by }, seq);
      return attached === undefined ? [] : [{ ...attached, message: messageWithFiles(record, event, now) }];
    }
    case "MessageRead": {
      const messageId = formatMessageId(chatId, event.named ?? event.upTo);
      const [read] = tell({ user_id: by, up_to: event.upTo, message_id: messageId });
      return read === undefined ? [] : [{ ...read, authorId: facts.authorOfRead(record) }];
    }
    case "MessagesFullyRead":
      if (kind === "version") return [versionTelling(to, facts.fullyReadBy(record))];
      return [...facts.fullyReadBy(record)].flatMap(([author, read]) =>
        fullyReadTellings(chatId, author, read).map((telling) => ({ ...telling, members: facts.membersAt(record) })),
      );
    default:
      return event satisfies never;
  }
}

function messageOf(record: ChatEventRecord, now: MessageNow | null): MessageObject {
  const { event, chatId, actor, at } = record;
  if (event.type === "MessageEdited") {
    return messageObject({
      chatId,
      seq: event.seq,
      text: event.content.text,
      ...event.message,
      files: namedFiles(event.message.files, event.content.names),
      editedAt: at,
      deleted: false,
      ...now,
    });
  }
  if (event.type !== "MessageSent") throw new Error(`${event.type} carries no message`);
  return messageObject({
    chatId,
    seq: event.seq,
    senderId: actor,
    text: event.content.text,
    clientMessageId: record.idempotencyKey,
    replyTo: event.replyTo,
    sentAt: at,
    editedAt: null,
    deleted: false,
    fullyRead: false,
    readCount: 0,
    files: [],
    ...now,
  });
}

function messageWithFiles(
  { chatId }: ChatEventRecord,
  { seq, message, content }: FileAttached,
  now: MessageNow | null,
): MessageObject | undefined {
  if (message === undefined || content.message === undefined) return undefined;
  const { text, names } = content.message;
  const files = namedFiles(message.files, names);
  return messageObject({ chatId, seq, ...message, text, files, deleted: false, ...now });
}

/**
 * The whole chat. The read models may be ahead of what is pushed: whoever is no longer in by then must not hear what
 * was written after he had gone, so he gets the chat without what people wrote, and as if nothing had happened since.
 */
function chatTellings(to: Audience, kind: TellingKind, record: ChatEventRecord, facts: Facts): Telling[] {
  const found = facts.chatAfter(record);
  if (found === null) return [];
  const { chat, newer } = found;
  const whole: Telling = { kind, to, seq: null, payload: chatObject(chat), more: false };
  if (!newer) return [whole];
  const stillIn = new Set(chat.memberIds);
  const { version, at: updatedAt } = record;
  const bare = chatObject({ ...chat, title: null, description: null, avatar: null, memberIds: [], version, updatedAt });
  return [
    { ...whole, only: (userId) => stillIn.has(userId) },
    { ...whole, payload: bare, only: (userId) => !stillIn.has(userId) },
  ];
}

/** To all whom it does not concern, so that everybody hears of every version: who counts them sees each hole at once. */
function versionTelling(to: Audience, concerned: ReadonlyMap<string, unknown>): Telling {
  return { kind: "version", to, only: (userId) => !concerned.has(userId), seq: null, payload: {}, more: false };
}

function fullyReadTellings(
  chatId: string,
  author: string,
  { seqs, upTo }: { readonly seqs: readonly number[]; readonly upTo: number },
): Telling[] {
  const tellings: Telling[] = [];
  // Counted from the end, so that the last part is a full one and has the newest.
  for (let end = seqs.length % MAX_IDS_PER_FRAME || MAX_IDS_PER_FRAME; end <= seqs.length; end += MAX_IDS_PER_FRAME) {
    const ids = seqs.slice(Math.max(0, end - MAX_IDS_PER_FRAME), end).map((seq) => formatMessageId(chatId, seq));
    tellings.push({
      kind: "fully_read",
      to: "authors",
      userId: author,
      seq: null,
      payload: { message_ids: ids, up_to: upTo },
      more: end < seqs.length,
    });
  }
  return tellings;
}
