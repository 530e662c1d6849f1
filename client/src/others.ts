import type { EventFrame, SignalFrame } from "@chat/shared/api/frames-to-clients";
import type { UserObject } from "@chat/shared/api/user-object";
import type { ClientState } from "./state.ts";

/** What was heard of others. None of it is an event: it may be lost, and a connection that ends leaves none of it true. */
export function applySignal(state: ClientState, frame: SignalFrame): ClientState {
  switch (frame.type) {
    case "typing":
      return withTyping(state, frame.chat_id, frame.payload.user_id, frame.payload.is_typing);
    case "presence":
      return withPresence(state, frame.payload.user_id, frame.payload.status === "online");
    case "user_updated":
      return withUser(state, frame.payload);
    default:
      // A server that is newer may tell more.
      frame satisfies never;
      return state;
  }
}

/** What an event says of who types: whoever has sent or is gone does not. */
export function typingAfter(state: ClientState, frame: EventFrame): ClientState {
  if (frame.type === "new_message") return withTyping(state, frame.chat_id, frame.payload.sender_id, false);
  if (frame.type === "member_removed" && frame.payload.user_id !== state.userId) {
    return withTyping(state, frame.chat_id, frame.payload.user_id, false);
  }
  const isOver = frame.type === "member_removed" || frame.type === "delete_chat";
  if (!isOver || !state.typing.has(frame.chat_id)) return state;
  return { ...state, typing: new Map([...state.typing].filter(([chatId]) => chatId !== frame.chat_id)) };
}

export function withTyping(state: ClientState, chatId: string, userId: string, isTyping: boolean): ClientState {
  const before = state.typing.get(chatId) ?? new Set<string>();
  if (before.has(userId) === isTyping) return state;
  const after = new Set(before);
  if (isTyping) after.add(userId);
  else after.delete(userId);
  const typing = new Map(state.typing).set(chatId, after);
  if (after.size === 0) typing.delete(chatId);
  return { ...state, typing };
}

function withPresence(state: ClientState, userId: string, isOnline: boolean): ClientState {
  if (state.online.has(userId) === isOnline) return state;
  const online = new Set(state.online);
  if (isOnline) online.add(userId);
  else online.delete(userId);
  return { ...state, online };
}

/** Members carry their names too, for those of whom nothing else is known. */
export function withUser(state: ClientState, user: UserObject): ClientState {
  const chats = new Map(state.chats);
  for (const [chatId, chat] of chats) {
    const member = chat.members?.get(user.id);
    if (member === undefined || member.name === user.name) continue;
    chats.set(chatId, { ...chat, members: new Map(chat.members).set(user.id, { ...member, name: user.name }) });
  }
  return { ...state, chats, users: new Map(state.users).set(user.id, user) };
}

/** Without a connection nobody is known to be there. */
export function nobodyThere(state: ClientState): ClientState {
  if (state.online.size === 0 && state.typing.size === 0) return state;
  return { ...state, online: new Set(), typing: new Map() };
}
