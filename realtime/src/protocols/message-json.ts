import type { MessageObject } from "@chat/shared/api/message-object";
import type { Payload } from "../tellings.ts";

/** Only messages have a text of their own. */
export const isMessage = (payload: Payload): payload is MessageObject => "text" in payload;

/**
 * What `JSON.stringify` makes of a message, in a third of its time: ids, times and numbers are known to need no quoting,
 * and only what people write is looked at. Its spec compares the two.
 */
export function messageJson(message: MessageObject): string {
  const { id, chat_id: chatId, seq, sender_id: senderId, text, files } = message;
  const { created_at: createdAt, timestamp, edited_at: editedAt, reply_to: replyTo } = message;
  return (
    `{"id":"${id}","chat_id":"${chatId}","seq":${seq},"sender_id":"${senderId}","text":${JSON.stringify(text)}` +
    `,"client_message_id":${JSON.stringify(message.client_message_id)},"reply_to":${quoted(replyTo)}` +
    `,"created_at":"${createdAt}","timestamp":"${timestamp}","edited_at":${quoted(editedAt)}` +
    `,"deleted":${message.deleted},"is_read":${message.is_read},"read":${message.read}` +
    `,"read_count":${message.read_count},"files":${files.length === 0 ? "[]" : JSON.stringify(files)}}`
  );
}

const quoted = (safe: string | null): string => (safe === null ? "null" : `"${safe}"`);
