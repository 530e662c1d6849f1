import type { ChatObject } from "@chat/shared/api/chat-object";
import type { ListedChat } from "@chat/shared/api/listed-chat";
import type { MemberObject } from "@chat/shared/api/member-object";
import type { MessageObject } from "@chat/shared/api/message-object";
import { withoutArrived } from "./outgoing.ts";
import { type ChatState, type ClientState, countUnread, holdsAllAbove, type MemberState, withChat } from "./state.ts";

/** One chat, fetched in several calls: the chat first, so that nothing else is older than it, and its members last. */
export interface FetchedChat {
  readonly chat: ChatObject;
  readonly members: readonly MemberObject[];
  /** The newest page, oldest first. */
  readonly messages: readonly MessageObject[];
  readonly unread: number;
}

/** All chats, as they are listed. What was known before counts no more; what is on its way stays. */
export function snapshotTaken(state: ClientState, listed: readonly ListedChat[]): ClientState {
  const chats = new Map(listed.map((row) => [row.id, chatFromList(row)]));
  return [...chats.values()].reduce<ClientState>(withoutArrived, { ...state, chats });
}

function chatFromList(row: ListedChat): ChatState {
  const { last_message: last, unread_count: unread, my_role: myRole, read_up_to: readUpTo, ...chat } = row;
  return {
    chat,
    version: chat.version,
    myRole,
    readUpTo,
    unread,
    lastSeq: last?.seq ?? 0,
    messages: last === null ? [] : [last],
    members: null,
    complete: true,
  };
}

/**
 * A chat as it was fetched while its frames waited. Its parts may be newer than its version says, each by itself; the
 * frames that wait tell that again, and change nothing where it is known. One thing is guessed: how far somebody has read
 * who went and came back while it was fetched.
 */
export function chatFetched(state: ClientState, { chat, members, messages, unread }: FetchedChat): ClientState {
  const known = state.chats.get(chat.id);
  // From a read model that lags: what the stream told is newer.
  if (known !== undefined && (chat.version < known.version || (messages.at(-1)?.seq ?? 0) < known.lastSeq))
    return state;
  const me = members.find(({ user_id: userId }) => userId === state.userId);
  const readUpTo = Math.max(me?.read_up_to ?? 0, known?.readUpTo ?? 0);
  const fetched: ChatState = {
    chat,
    version: chat.version,
    myRole: me?.role ?? null,
    readUpTo,
    unread,
    lastSeq: messages.at(-1)?.seq ?? 0,
    messages: joined(known?.messages ?? [], messages),
    members: new Map(members.map((member) => [member.user_id, memberState(member)])),
    complete: true,
  };
  // Counted where it can be: then it cannot be of another moment than the messages.
  const counted = holdsAllAbove(fetched, readUpTo) ? countUnread(fetched.messages, state.userId, readUpTo) : unread;
  const whole = { ...fetched, unread: counted };
  return withoutArrived(withChat(state, whole), whole);
}

/** A page of messages before the oldest that is known. */
export function olderFetched(state: ClientState, chatId: string, page: readonly MessageObject[]): ClientState {
  const chat = state.chats.get(chatId);
  if (chat === undefined) return state;
  const messages = joined(page, chat.messages);
  return messages.length > chat.messages.length ? withChat(state, { ...chat, messages }) : state;
}

function memberState({ role, name, read_up_to: readUpTo }: MemberObject): MemberState {
  return { role, name, readUpTo };
}

/** Both are runs without holes. Where they do not meet, what is older is let go. */
function joined(older: readonly MessageObject[], newer: readonly MessageObject[]): readonly MessageObject[] {
  const [first] = newer;
  const last = older.at(-1);
  if (first === undefined || last === undefined || last.seq < first.seq - 1) return newer;
  return [...older.filter(({ seq }) => seq < first.seq), ...newer];
}
