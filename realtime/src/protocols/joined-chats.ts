import Type from "typebox";
import type { SignalTelling } from "../signals/signal-telling.ts";
import type { Telling } from "../tellings.ts";
import { errorFrame } from "./chat-room.ts";
import { chatIdFrom, createFrameReader, type FrameType, frameType, MAX_ANY_ID_CHARACTERS } from "./frame-reader.ts";
import type { Protocol } from "./protocol.ts";

const ChatFrame = Type.Object({ chat_id: Type.String({ maxLength: MAX_ANY_ID_CHARACTERS }) });

const TypingFrame = Type.Object({ ...ChatFrame.properties, is_typing: Type.Boolean() });

const frameTypes: ReadonlyMap<string, FrameType> = new Map<string, FrameType>([
  ["join_chat", frameType(ChatFrame, (frame) => ({ kind: "join", id: null, chatId: chatIdFrom(frame.chat_id) }))],
  [
    "typing",
    frameType(TypingFrame, ({ chat_id: chatId, is_typing: isTyping }) => ({
      kind: "typing",
      id: null,
      chatId: chatIdFrom(chatId),
      isTyping,
    })),
  ],
  ["leave_chat", frameType(ChatFrame, (frame) => ({ kind: "leave", id: null, chatId: chatIdFrom(frame.chat_id) }))],
]);

/** `/ws/{user_id}`: all the chats that are joined on it, and only these. */
export const joinedChats: Protocol = {
  name: "joined-chats",
  provedSoon: true,
  framesFor: framesOfJoined,
  framesForSignal: (telling) => (telling.kind === "typing" ? [typingFrame(telling)] : []),
  incoming: createFrameReader(frameTypes),
  ready: () => null,
  moved: () => null,
  resync: () => null,
  joined: (chatId) => JSON.stringify({ type: "joined", chat_id: chatId }),
  done: () => null,
  refused: (_id, problem) => errorFrame(problem),
};

function framesOfJoined(
  { kind, payload, message }: Telling,
  { chatId }: { readonly chatId: string },
): readonly string[] {
  if (kind === "new_message" || kind === "message_updated") {
    return "text" in payload ? [JSON.stringify({ type: kind, message: payload })] : [];
  }
  if (kind === "file_attached") {
    return message === undefined ? [] : [JSON.stringify({ type: "message_updated", message })];
  }
  if (kind === "message_deleted" && "message_id" in payload) {
    return [JSON.stringify({ type: kind, message_id: payload.message_id, chat_id: chatId })];
  }
  return [];
}

function typingFrame({ chatId, userId, isTyping }: Extract<SignalTelling, { kind: "typing" }>): string {
  return JSON.stringify({ type: "typing", chat_id: chatId, user_id: userId, is_typing: isTyping });
}
