import type { ProblemObject } from "@chat/shared/api/problem-object";
import type { ChatState, ClientState, OutgoingMessage } from "./state.ts";

export type NewMessage = Pick<OutgoingMessage, "clientMessageId" | "chatId" | "text" | "replyTo">;

/** Shown at once, long before anybody has answered. */
export function messageWritten(state: ClientState, message: NewMessage): ClientState {
  return { ...state, outgoing: [...state.outgoing, { ...message, status: "sending", seq: null, problem: null }] };
}

/** Acknowledged. It is shown from here until the stream has brought it, so that it never vanishes in between. */
export function messageSent(state: ClientState, clientMessageId: string, seq: number): ClientState {
  const sent = changed(state, clientMessageId, (message) => ({ ...message, status: "sent", seq }));
  const chatId = state.outgoing.find((message) => message.clientMessageId === clientMessageId)?.chatId;
  const chat = chatId === undefined ? undefined : state.chats.get(chatId);
  return chat === undefined ? sent : withoutArrived(sent, chat);
}

export function messageRefused(state: ClientState, clientMessageId: string, problem: ProblemObject): ClientState {
  return changed(state, clientMessageId, (message) => ({ ...message, status: "refused", problem }));
}

/** For one that was refused, when the user has seen why. */
export function messageDiscarded(state: ClientState, clientMessageId: string): ClientState {
  return { ...state, outgoing: state.outgoing.filter((message) => message.clientMessageId !== clientMessageId) };
}

/** What has come back as a message of the chat is on its way no more, be it that newer ones alone are held of it. */
export function withoutArrived(state: ClientState, { chat, messages, lastSeq }: ChatState): ClientState {
  if (!state.outgoing.some(({ chatId }) => chatId === chat.id)) return state;
  const arrived = new Set(
    messages.filter(({ sender_id: sender }) => sender === state.userId).map(({ client_message_id: id }) => id),
  );
  const outgoing = state.outgoing.filter(
    ({ chatId, clientMessageId, seq }) =>
      chatId !== chat.id || !(arrived.has(clientMessageId) || (seq !== null && seq <= lastSeq)),
  );
  return { ...state, outgoing };
}

function changed(
  state: ClientState,
  clientMessageId: string,
  change: (message: OutgoingMessage) => OutgoingMessage,
): ClientState {
  const outgoing = state.outgoing.map((message) =>
    message.clientMessageId === clientMessageId ? change(message) : message,
  );
  return { ...state, outgoing };
}
