import { AckFrame, MarkReadFrame, PingFrame, SendFrame, TypeFrame } from "@chat/shared/api/frames-from-clients";
import { parseMessageId } from "@chat/shared/ids";
import { absent, chatIdFrom, createFrameReader, type FrameType, frameType, wrong } from "./frame-reader.ts";
import type { Incoming } from "./protocol.ts";

/** Every frame that a client may send. */
const frameTypes: ReadonlyMap<string, FrameType> = new Map<string, FrameType>([
  ["send", frameType(SendFrame, sendFrom, Number.POSITIVE_INFINITY)],
  ["read", frameType(MarkReadFrame, readFrom)],
  ["typing", frameType(TypeFrame, typingFrom)],
  ["ack", frameType(AckFrame, ackFrom)],
  ["ping", frameType(PingFrame, (frame) => ({ kind: "ping", id: frame.id ?? null }))],
]);

export const readNativeFrame = createFrameReader(frameTypes);

function sendFrom(frame: SendFrame): Incoming {
  return {
    kind: "command",
    id: frame.id ?? null,
    command: {
      type: "SendMessage",
      chatId: chatIdFrom(frame.chat_id),
      text: frame.text,
      clientMessageId: frame.client_message_id ?? null,
      replyTo: frame.reply_to ?? null,
    },
  };
}

function readFrom(frame: MarkReadFrame): Incoming {
  const { message_id: messageId, up_to: upTo } = frame;
  if ((messageId === undefined) === (upTo === undefined)) throw wrong("/up_to", "give either up_to or message_id");
  const named = messageId === undefined ? null : parseMessageId(messageId);
  if (messageId !== undefined && named === null) throw absent();
  const chatId = frame.chat_id ?? named?.chatId;
  if (chatId === undefined) throw wrong("/chat_id", "is missing");
  return {
    kind: "command",
    id: frame.id ?? null,
    command: { type: "MarkRead", chatId: chatIdFrom(chatId), upTo: upTo ?? null, messageId: messageId ?? null },
  };
}

function typingFrom({ id, chat_id: chatId, is_typing: isTyping }: TypeFrame): Incoming {
  return { kind: "typing", id: id ?? null, chatId: chatIdFrom(chatId), isTyping };
}

function ackFrom(frame: AckFrame): Incoming {
  const cursor = frame.cursor ?? frame.at;
  if (cursor === undefined) throw wrong("/cursor", "is missing: give cursor or at");
  return { kind: "ack", id: frame.id ?? null, cursor };
}
