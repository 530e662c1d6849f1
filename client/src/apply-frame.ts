import type { EventFrame } from "@chat/shared/api/frames-to-clients";
import type { MessageObject } from "@chat/shared/api/message-object";
import { withoutArrived } from "./outgoing.ts";
import {
  type ChatState,
  type ClientState,
  countUnread,
  holdsAllAbove,
  type MemberState,
  withChat,
  withNewest,
  withoutChat,
} from "./state.ts";

export interface Applied {
  readonly state: ClientState;
  /** Events of a chat that were not told, though they should have been; its chat is not complete any more. */
  readonly hole: Hole | null;
}

export interface Hole {
  readonly chatId: string;
  /** The last version that is known; 0 for a chat of which nothing had told that this user is in it. */
  readonly known: number;
  /** The version that showed that something before it is missing. */
  readonly heard: number;
}

/**
 * The state after one more event. What is known already changes nothing, so frames may come again; and of a chat that is
 * not known nothing follows but that it is to be fetched.
 */
export function applyFrame(state: ClientState, frame: EventFrame): Applied {
  const { chat_id: chatId, version } = frame;
  if (frame.type === "delete_chat" || (frame.type === "member_removed" && frame.payload.user_id === state.userId)) {
    const known = state.chats.get(chatId);
    const isOld = known !== undefined && version <= known.version;
    return { state: isOld ? withChat(state, onlyNewest(known)) : withoutChat(state, chatId), hole: null };
  }
  const chat = state.chats.get(chatId);
  if (frame.type === "create_chat") {
    const isOld = chat !== undefined && version <= chat.version;
    return { state: isOld ? state : withChat(state, enteredChat(state, frame)), hole: null };
  }
  if (chat === undefined) return { state, hole: null };
  if (version < chat.version || (version === chat.version && !isInPieces(frame))) return { state, hole: null };

  const hole = holeBefore(chat, frame);
  const changed = changedChat(state, chat, frame);
  const next: ChatState = {
    ...changed,
    version,
    complete: changed.complete && hole === null,
  };
  const after = withChat(state, next);
  return { state: frame.type === "new_message" ? withoutArrived(after, next) : after, hole };
}

/**
 * A chat that was fetched after its user had gone and come back. What was made of older messages while he was out is told
 * to him by nobody, so they are let go, and it is fetched again.
 */
function onlyNewest(chat: ChatState): ChatState {
  return { ...chat, messages: chat.messages.slice(-1), complete: false };
}

/** One event may make several of these, all of its version; each of them may come again. */
function isInPieces({ type }: EventFrame): boolean {
  return type === "member_added" || type === "fully_read";
}

/** Versions are dense, and everybody in a chat is told of each. Of one who came late nobody has said yet which messages there are. */
function holeBefore(chat: ChatState, { chat_id: chatId, version, ...frame }: EventFrame): Hole | null {
  const skipsMessage = chat.complete && frame.type === "new_message" && frame.seq > chat.lastSeq + 1;
  return version <= chat.version + 1 && !skipsMessage ? null : { chatId, known: chat.version, heard: version };
}

/** A chat that was just made is known whole; of one that was there before, its messages and members are to be fetched. */
function enteredChat(state: ClientState, frame: EventFrame & { readonly type: "create_chat" }): ChatState {
  const { payload: chat, version } = frame;
  const isNew = version === 1;
  const roleOf = (userId: string) => (chat.chat_type === "group" && userId === chat.creator_id ? "owner" : "member");
  return {
    chat,
    version,
    myRole: isNew ? roleOf(state.userId) : null,
    readUpTo: 0,
    unread: 0,
    lastSeq: 0,
    messages: [],
    members: null,
    complete: isNew,
  };
}

function changedChat(state: ClientState, chat: ChatState, frame: EventFrame): ChatState {
  switch (frame.type) {
    case "new_message":
      return withMessage(chat, frame.payload, state.userId);
    case "message_updated":
      return withMessages(chat, frame.seq, (old) => ({ ...frame.payload, ...readMarks(old, frame.payload) }));
    case "message_deleted":
      return withTombstone(chat, frame.seq, state.userId);
    case "file_attached":
      return withMessages(chat, frame.seq, (old) => withFiles(old, frame.payload.files));
    case "update_chat":
      return { ...chat, chat: frame.payload };
    case "member_added": {
      const { user_id: userId, name, role } = frame.payload;
      // Who comes has nothing to read. One who is known already was fetched after he came.
      const readUpTo = chat.members?.get(userId)?.readUpTo ?? chat.lastSeq;
      const ids = chat.chat.member_ids;
      const memberIds = ids.includes(userId) ? ids : [...ids, userId];
      return withMember({ ...chat, chat: { ...chat.chat, member_ids: memberIds } }, userId, { name, role, readUpTo });
    }
    case "member_removed": {
      const { user_id: userId } = frame.payload;
      const members = chat.members && new Map([...chat.members].filter(([id]) => id !== userId));
      const memberIds = chat.chat.member_ids.filter((id) => id !== userId);
      return { ...chat, members, chat: { ...chat.chat, member_ids: memberIds } };
    }
    case "role_changed": {
      const { user_id: userId, role } = frame.payload;
      const member = chat.members?.get(userId);
      const changed = member === undefined ? chat : withMember(chat, userId, { ...member, role });
      return userId === state.userId ? { ...changed, myRole: role } : changed;
    }
    case "read":
      return withRead(chat, frame.payload.user_id, frame.payload.up_to, state.userId);
    case "fully_read": {
      const { up_to: upTo } = frame.payload;
      return withOwnFullyRead(chat, upTo, state.userId);
    }
    case "create_chat":
    case "delete_chat":
    case "version":
      return chat;
    default:
      // A server that is newer than this client may tell more. It is one of the chat's events all the same.
      frame satisfies never;
      return chat;
  }
}

function withMessage(chat: ChatState, message: MessageObject, userId: string): ChatState {
  if (message.seq <= chat.lastSeq) return withMessages(chat, message.seq, (old) => old);
  const fits = message.seq === chat.lastSeq + 1;
  return {
    ...chat,
    messages: fits ? withNewest(chat, message) : [message],
    lastSeq: message.seq,
    // Who comes back late is told of a message as it is by then: it may be deleted already.
    unread: chat.unread + countUnread([message], userId, chat.readUpTo),
    complete: chat.complete && fits,
  };
}

function withMessages(chat: ChatState, seq: number, change: (message: MessageObject) => MessageObject): ChatState {
  const index = seq - (chat.messages[0]?.seq ?? Infinity);
  const message = chat.messages[index];
  return message === undefined ? chat : { ...chat, messages: chat.messages.with(index, change(message)) };
}

/**
 * In the order of the stream, whatever came in another way before: an upload's own answer may overtake the frame of an earlier
 * file, and what was fetched has them already.
 */
function withFiles(message: MessageObject, files: MessageObject["files"]): MessageObject {
  const others = message.files.filter(({ id }) => files.every((file) => file.id !== id));
  const inOrder = [...others, ...files];
  const isSame = inOrder.length === message.files.length && inOrder.every(({ id }, at) => message.files[at]?.id === id);
  return isSame ? message : { ...message, files: inOrder };
}

/** An edit was made before or after it was read: what is read by all stays so. */
function readMarks(old: MessageObject, now: MessageObject): Pick<MessageObject, "is_read" | "read"> {
  const isRead = old.is_read || now.is_read;
  return { is_read: isRead, read: isRead };
}

function withTombstone(chat: ChatState, seq: number, userId: string): ChatState {
  const message = chat.messages[seq - (chat.messages[0]?.seq ?? Infinity)];
  // Whose it was is not said; if it was unread, the number is known to the server alone.
  if (message === undefined) return seq > chat.readUpTo ? { ...chat, complete: false } : chat;
  const wasUnread = seq > chat.readUpTo && message.sender_id !== userId && !message.deleted;
  const gone = withMessages(chat, seq, (old) => ({ ...old, deleted: true, text: "", files: [] }));
  return wasUnread ? { ...gone, unread: chat.unread - 1 } : gone;
}

function withMember(chat: ChatState, userId: string, member: MemberState): ChatState {
  return chat.members === null ? chat : { ...chat, members: new Map(chat.members).set(userId, member) };
}

function withRead(chat: ChatState, reader: string, upTo: number, userId: string): ChatState {
  const member = chat.members?.get(reader);
  const known =
    member === undefined ? chat : withMember(chat, reader, { ...member, readUpTo: Math.max(member.readUpTo, upTo) });
  if (reader !== userId || upTo <= chat.readUpTo) return known;
  const read = { ...known, readUpTo: upTo };
  if (holdsAllAbove(chat, upTo)) return { ...read, unread: countUnread(chat.messages, userId, upTo) };
  return { ...read, complete: false };
}

function withOwnFullyRead(chat: ChatState, upTo: number, userId: string): ChatState {
  const messages = chat.messages.map((message) =>
    message.sender_id === userId && message.seq <= upTo && !message.is_read
      ? { ...message, is_read: true, read: true }
      : message,
  );
  return { ...chat, messages };
}
