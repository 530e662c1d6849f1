import Type from "typebox";
import { exampleChatId } from "@chat/shared/api/examples";
import { defineRoute, type Route } from "@chat/shared/http/define-route";
import type { ChatId, UserId } from "@chat/shared/ids";
import type { Messaging, ReadAnswer } from "../commands/messaging.ts";
import type { CommandOutcome } from "../partition-owner/command-request.ts";
import { chatIdParams, locate, messageIdParams } from "./params.ts";

const markedAsRead = "Сообщение отмечено как прочитанное";

const ReadUpTo = Type.Object(
  { up_to: Type.Optional(Type.Integer({ minimum: 0, maximum: 999_999_999 })) },
  { examples: [{}, { up_to: 1 }] },
);
const ReadObject = Type.Object(
  {
    message: Type.String(),
    chat_id: Type.String(),
    read_up_to: Type.Integer(),
    fully_read: Type.Boolean(),
    unread_count: Type.Integer(),
  },
  {
    examples: [{ message: markedAsRead, chat_id: exampleChatId, read_up_to: 1, fully_read: true, unread_count: 0 }],
  },
);

/** With fewer members "fully read" says no more than "read". */
const membersForFullyReadNotice = 3;

/** How far somebody has read. Reading a message reads all before it. */
export function readRoutes(messaging: Messaging): readonly Route[] {
  const responses = { 200: { description: "How far the caller has read now", schema: ReadObject } };
  return [
    defineRoute({
      method: "PUT",
      path: ["/messages/:message_id/read", "/message/read/:message_id"],
      summary: "Mark a message, and all before it, as read",
      tags: ["read"],
      auth: "token",
      params: messageIdParams,
      responses,
      async handle({ caller, params, idempotencyKey, traceParent }) {
        const { chatId, seq } = locate(params.message_id);
        const origin = { actor: caller.userId, idempotencyKey, traceParent };
        const { outcome, answer } = await messaging.read(origin, { chatId, upTo: seq, named: seq });
        return {
          status: 200,
          body: present(chatId, answer, noticeFor(params.message_id, caller.userId, outcome, answer)),
        };
      },
    }),

    defineRoute({
      method: "POST",
      path: "/chats/:chat_id/read",
      summary: "Mark everything up to a seq as read; up to the last one without",
      tags: ["read"],
      auth: "token",
      params: chatIdParams,
      body: ReadUpTo,
      responses,
      async handle({ caller, params, body, idempotencyKey, traceParent }) {
        const origin = { actor: caller.userId, idempotencyKey, traceParent };
        const read = { chatId: params.chat_id, upTo: body.up_to ?? null, named: null };
        const { answer } = await messaging.read(origin, read);
        return { status: 200, body: present(params.chat_id, answer, markedAsRead) };
      },
    }),
  ];
}

/** The last reader of a chat of three or more hears that he was it. An author is none of his own message's readers. */
function noticeFor(messageId: string, reader: UserId, outcome: CommandOutcome, { fullyRead }: ReadAnswer): string {
  const { chat, message, events } = outcome;
  const isOwn = message?.senderId === reader;
  const made = fullyRead && !isOwn && events.some(({ event }) => event.type === "MessagesFullyRead");
  const members = chat.status === "active" ? [...chat.members.values()].filter(({ status }) => status === "in") : [];
  return made && members.length >= membersForFullyReadNotice
    ? `Сообщение ${messageId} полностью прочитано!`
    : markedAsRead;
}

const present = (chatId: ChatId, { readUpTo, fullyRead, unreadCount }: ReadAnswer, message: string) => ({
  message,
  chat_id: chatId,
  read_up_to: readUpTo,
  fully_read: fullyRead,
  unread_count: unreadCount,
});
