import { chatObject, type ChatObject } from "@chat/shared/api/chat-object";
import { messageObject, type MessageObject } from "@chat/shared/api/message-object";
import { Rejection } from "@chat/shared/rejection";
import { isFullyRead, readCount } from "../domain/chat/fully-read.ts";
import type { ActiveChat, DeletedChat, Member, MessageState } from "../domain/chat/state.ts";

/** A message as it is in the state that a command left. */
export function messageAnswer(chatId: string, chat: ActiveChat | DeletedChat, message: MessageState): MessageObject {
  const { seq, senderId } = message;
  const active = chat.status === "active";
  return messageObject({
    ...message,
    chatId,
    fullyRead: active && isFullyRead(chat, senderId, seq),
    readCount: active ? readCount(chat, senderId, seq) : 0,
  });
}

/** A chat as a command left it. Throws a `Rejection` not_found where it is deleted by now. */
export function chatAnswer(chatId: string, chat: ActiveChat | DeletedChat): ChatObject {
  if (chat.status !== "active") throw new Rejection("not_found", "There is no such chat.");
  const members = [...chat.members.values()].filter(({ status }) => status === "in").sort(inOrderOfJoining);
  return chatObject({ ...chat, chatId, memberIds: members.map(({ userId }) => userId) });
}

/** As whoever reads the chat gets them: those who came together by their numbers. */
function inOrderOfJoining(one: Member, other: Member): number {
  if (one.joinedAt !== other.joinedAt) return one.joinedAt < other.joinedAt ? -1 : 1;
  return Number(one.userId) - Number(other.userId);
}
