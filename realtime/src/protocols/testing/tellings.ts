import { messageObject, type MessageObject } from "@chat/shared/api/message-object";
import { formatMessageId } from "@chat/shared/ids";
import type { Telling } from "../../tellings.ts";
import { framesTo, type Incoming, type Protocol } from "../protocol.ts";

/** Tellings as the specs of the dialects write them down: short. User 1 is the author of what is said. */
export const chatId = "0197a3c0-0000-7000-8000-000000000001";
export const context = { chatId, version: 7, before: "BEFORE", at: "AFTER" };
export const messageId = (seq: number): string => formatMessageId(chatId, seq);

export function message(changes: Partial<MessageObject> = {}): MessageObject {
  const parts = { chatId, seq: 3, senderId: "1", text: "hi", clientMessageId: null, replyTo: null, sentAt };
  const marks = { editedAt: null, deleted: false, fullyRead: false, readCount: 0, files: [] };
  return { ...messageObject({ ...parts, ...marks }), ...changes };
}

export const newMessage = (changes: Partial<MessageObject> = {}): Telling => ({
  kind: "new_message",
  to: "present",
  seq: 3,
  payload: message(changes),
  more: false,
});

export const read = (changes: { user_id: string; message_id?: string }, authorId: string | undefined): Telling => ({
  kind: "read",
  to: "present",
  seq: null,
  payload: { up_to: 3, message_id: messageId(3), ...changes },
  more: false,
  authorId,
});

/** Messages of user 1. */
export const fullyRead = (ids: readonly string[], changes: Partial<Telling> = {}): Telling => ({
  kind: "fully_read",
  to: "authors",
  userId: "1",
  seq: null,
  payload: { message_ids: ids, up_to: 3 },
  more: false,
  ...changes,
});

/** What a user hears of it, parsed where it is JSON. */
export function tell(protocol: Protocol, userId: string, told: Telling): unknown[] {
  return framesTo(userId, protocol.framesFor(told, context)).map((frame) =>
    frame.startsWith("{") ? (JSON.parse(frame) as unknown) : frame,
  );
}

/** Reads a frame of a socket that shows the chat; an object as JSON. */
export function incoming(protocol: Protocol, frame: object | string | Buffer): Incoming {
  if (Buffer.isBuffer(frame)) return protocol.incoming(frame, chatId);
  return protocol.incoming(Buffer.from(typeof frame === "string" ? frame : JSON.stringify(frame)), chatId);
}

const sentAt = "2026-01-02T03:04:05.678Z";
