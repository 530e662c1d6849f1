import type { ChatObject } from "@chat/shared/api/chat-object";
import type { ListedChat } from "@chat/shared/api/listed-chat";
import type { MessageObject } from "@chat/shared/api/message-object";
import type { UserObject } from "@chat/shared/api/user-object";
import type { ProblemObject } from "@chat/shared/api/problem-object";

export type Role = ListedChat["my_role"];

/** All that is known to one user's client. Never changed in place: what is new is a new object, what is not is the old one. */
export interface ClientState {
  readonly userId: string;
  /** By id. */
  readonly chats: ReadonlyMap<string, ChatState>;
  /** What was written here and did not come back yet, oldest first. */
  readonly outgoing: readonly OutgoingMessage[];
  /** Files that were chosen here and that the server does not have yet, oldest first. */
  readonly uploads: readonly OutgoingFile[];
  /** By chat id who types there now; chats in which nobody does are not in it. */
  readonly typing: ReadonlyMap<string, ReadonlySet<string>>;
  /** Who is there now, of those with whom a chat of at most a hundred members is shared. */
  readonly online: ReadonlySet<string>;
  /** By id: partners in private chats, and whose profile has changed since. */
  readonly users: ReadonlyMap<string, UserObject>;
}

export interface ChatState {
  /** `version` and `updated_at` are those of the last answer or frame that held the whole chat. */
  readonly chat: ChatObject;
  /** Every event up to this one is in here. */
  readonly version: number;
  /** Null until the chat's members were fetched, unless the list of chats said it. */
  readonly myRole: Role | null;
  readonly readUpTo: number;
  readonly unread: number;
  readonly lastSeq: number;
  /** A run without a hole that ends at `lastSeq`, oldest first: not empty when there are messages, seldom all. */
  readonly messages: readonly MessageObject[];
  /** By user id; null until they were fetched. */
  readonly members: ReadonlyMap<string, MemberState> | null;
  /** False: something is not known that follows from no frame. The chat is to be fetched. */
  readonly complete: boolean;
}

export interface MemberState {
  readonly role: Role;
  readonly name: string | null;
  readonly readUpTo: number;
}

/** A message on its way. `sent`: acknowledged, and not yet heard on the stream. `refused`: it will not be tried again. */
export interface OutgoingMessage {
  readonly clientMessageId: string;
  readonly chatId: string;
  readonly text: string;
  readonly replyTo: string | null;
  readonly status: "sending" | "sent" | "refused";
  /** Its place in the chat, once it is sent. */
  readonly seq: number | null;
  readonly problem: ProblemObject | null;
}

/** A file on its way to a message that goes first. `refused`: it will not be tried again. */
export interface OutgoingFile {
  /** Its name to this client and to the server, until it has another one there. */
  readonly key: string;
  readonly clientMessageId: string;
  readonly chatId: string;
  readonly name: string;
  readonly size: number;
  readonly status: "waiting" | "sending" | "refused";
  /** Of the attempt that is under way. */
  readonly sentBytes: number;
  /** `unreadable`: this device cannot read it. */
  readonly problem: ProblemObject | "unreadable" | null;
}

export function emptyState(userId: string): ClientState {
  const nobody = { typing: new Map(), online: new Set<string>(), users: new Map() };
  return { userId, chats: new Map(), outgoing: [], uploads: [], ...nobody };
}

/** Newest activity first, as a list of chats shows them. */
export function chatsByActivity({ chats }: ClientState): readonly ChatState[] {
  const activity = ({ chat, messages }: ChatState): string => messages.at(-1)?.created_at ?? chat.created_at;
  return [...chats.values()].sort((one, other) => (activity(one) < activity(other) ? 1 : -1));
}

/** How many members besides its sender have read a message; null until the members were fetched. */
export function readCount({ members }: ChatState, message: MessageObject): number | null {
  if (members === null) return null;
  let count = 0;
  for (const [id, { readUpTo }] of members) if (id !== message.sender_id && readUpTo >= message.seq) count += 1;
  return count;
}

export function withChat(state: ClientState, chat: ChatState): ClientState {
  return { ...state, chats: new Map(state.chats).set(chat.chat.id, chat) };
}

/** What was acknowledged there will not be heard of any more either. */
export function withoutChat(state: ClientState, chatId: string): ClientState {
  if (!state.chats.has(chatId)) return state;
  const chats = new Map(state.chats);
  chats.delete(chatId);
  const outgoing = state.outgoing.filter((message) => message.chatId !== chatId || message.status !== "sent");
  return { ...state, chats, outgoing };
}

/** A page and another of room: what is above it in the list of chats is seldom looked at, and fetched when it is. */
const MAX_UNOPENED = 200;
/** Some ten megabytes. Who has looked at a chat may have scrolled far up, and is to see nothing vanish. */
const MAX_OPENED = 10_000;

/** The chat's messages with one more behind them; of too many the newer half, for a client may run for months. */
export function withNewest({ messages, members }: ChatState, message: MessageObject): readonly MessageObject[] {
  const max = members === null ? MAX_UNOPENED : MAX_OPENED;
  return [...(messages.length < max ? messages : messages.slice(-max / 2)), message];
}

/** Whether every message above a seq is held, so that what is unread can be counted. */
export function holdsAllAbove({ messages, lastSeq }: ChatState, seq: number): boolean {
  return seq >= lastSeq || (messages[0] !== undefined && messages[0].seq <= seq + 1);
}

/** Others' messages that were not deleted, from above a seq up to another. */
export function countUnread(
  messages: readonly MessageObject[],
  userId: string,
  above: number,
  upTo = Infinity,
): number {
  return messages.filter(
    ({ seq, sender_id: sender, deleted }) => seq > above && seq <= upTo && sender !== userId && !deleted,
  ).length;
}
