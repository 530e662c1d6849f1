import { attachedFiles } from "@chat/shared/events/attached-files";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import type { EventMeta } from "./evolve.ts";
import type { MessageState } from "./state.ts";

export interface MessageEventMeta extends EventMeta {
  /** For MessageSent the client's own id of the message. */
  readonly idempotencyKey: string | null;
  /** The chat's, at the event. */
  readonly version: number;
}

/** The message after an event; undefined as long as it was not sent. Events about the chat, or another one, change nothing. */
export function evolveMessage(
  message: MessageState | undefined,
  event: ChatEvent,
  meta: MessageEventMeta,
): MessageState | undefined {
  if (message !== undefined && "seq" in event && event.seq !== message.seq) return message;
  switch (event.type) {
    case "MessageSent":
      return {
        seq: event.seq,
        senderId: meta.actor,
        text: event.content.text,
        sentAt: meta.at,
        editedAt: null,
        deleted: false,
        replyTo: event.replyTo,
        clientMessageId: meta.idempotencyKey,
        files: [],
      };
    case "MessageEdited":
      return message && { ...message, text: event.content.text, editedAt: meta.at };
    case "MessageDeleted":
      return message && { ...message, text: "", deleted: true, files: [] };
    case "FileAttached":
      return message && { ...message, files: [...message.files, ...attachedFiles(event, meta.version)] };
    case "ChatCreated":
    case "ChatRenamed":
    case "ChatDeleted":
    case "MembersAdded":
    case "MemberRemoved":
    case "MemberLeft":
    case "MemberRoleChanged":
    case "MessageRead":
    case "MessagesFullyRead":
      return message;
    default:
      return event satisfies never;
  }
}
