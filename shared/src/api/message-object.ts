import Type, { type Static } from "typebox";
import type { NamedFile } from "../events/attached-files.ts";
import { exampleMessage } from "./examples.ts";
import { FileObject, fileObject } from "./file-object.ts";
import { formatMessageId } from "../ids.ts";

/** A message as clients see it, over HTTP and on sockets alike. */
export const MessageObject = Type.Object(
  {
    id: Type.String({ description: "`<chat id>.<seq>`; opaque to clients" }),
    chat_id: Type.String(),
    seq: Type.Integer({ description: "dense in its chat, from 1" }),
    sender_id: Type.String(),
    text: Type.String({ description: "empty once deleted" }),
    client_message_id: Type.Union([Type.String(), Type.Null()]),
    reply_to: Type.Union([Type.String(), Type.Null()], { description: "the id of the message that this one answers" }),
    created_at: Type.String({ format: "date-time" }),
    timestamp: Type.String({ format: "date-time", description: "the same as created_at" }),
    edited_at: Type.Union([Type.String({ format: "date-time" }), Type.Null()]),
    deleted: Type.Boolean(),
    is_read: Type.Boolean({ description: "fully read: every other member has read it. Never falls back." }),
    read: Type.Boolean({ description: "the same as is_read" }),
    read_count: Type.Integer({ description: "how many current members, the sender aside, have read it" }),
    files: Type.Array(FileObject, { description: "none once deleted" }),
  },
  { $id: "Message", additionalProperties: false, examples: [exampleMessage] },
);
export type MessageObject = Static<typeof MessageObject>;

/** What a message object is made from. Times are ISO 8601 in UTC. */
export interface MessageParts {
  readonly chatId: string;
  readonly seq: number;
  readonly senderId: string;
  readonly text: string;
  readonly clientMessageId: string | null;
  readonly replyTo: number | null;
  readonly sentAt: string;
  readonly editedAt: string | null;
  readonly deleted: boolean;
  readonly fullyRead: boolean;
  readonly readCount: number;
  readonly files: readonly Omit<NamedFile, "key">[];
}

export function messageObject(message: MessageParts): MessageObject {
  return {
    id: formatMessageId(message.chatId, message.seq),
    chat_id: message.chatId,
    seq: message.seq,
    sender_id: message.senderId,
    text: message.deleted ? "" : message.text,
    client_message_id: message.clientMessageId,
    reply_to: message.replyTo === null ? null : formatMessageId(message.chatId, message.replyTo),
    created_at: message.sentAt,
    timestamp: message.sentAt,
    edited_at: message.editedAt,
    deleted: message.deleted,
    is_read: message.fullyRead,
    read: message.fullyRead,
    read_count: message.readCount,
    files: message.deleted ? [] : message.files.map((file) => fileObject(message.chatId, message.seq, file)),
  };
}
