import Type from "typebox";
import { ChatObject } from "@chat/shared/api/chat-object";
import { ListedChat } from "@chat/shared/api/listed-chat";
import { type MessageObject, messageObject } from "@chat/shared/api/message-object";
import { defineRoute, type Route } from "@chat/shared/http/define-route";
import { type ChatRow, chatList, type ListedChatRow, oneChat, toChatObject } from "../queries/chats.ts";
import { isoTime, isoTimeOrNull } from "../queries/message-objects.ts";
import type { AnswerRead } from "./answer-read.ts";
import { formatPlace, parsePlace } from "./chat-list-cursor.ts";
import { chatIdParams, limitField, maxPage } from "./params.ts";

/** A cursor of ours has 72 characters. */
const maxCursorCharacters = 100;

export function chatRoutes(answer: AnswerRead): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/chats",
      summary: "The caller's chats, newest activity first",
      tags: ["chats"],
      auth: "token",
      query: Type.Object({
        limit: limitField,
        cursor: Type.Optional(Type.String({ maxLength: maxCursorCharacters, description: "from a page's Link" })),
      }),
      responses: { 200: { description: "A page; Link leads to the next one", schema: Type.Array(ListedChat) } },
      handle(request) {
        const { limit = maxPage, cursor } = request.query;
        const after = cursor === undefined ? null : parsePlace(cursor);
        return answer.ofAllChats<ListedChatRow>(request, {
          // One more than is shown tells whether there is a next page.
          query: chatList(request.caller.userId, after, limit + 1),
          reply: (rows) => ({
            status: 200,
            body: rows.slice(0, limit).map(toListedChat),
            headers: nextLink(rows, limit),
          }),
        });
      },
    }),

    defineRoute({
      method: "GET",
      path: "/chats/:chat_id",
      summary: "A chat of the caller's",
      tags: ["chats"],
      auth: "token",
      params: chatIdParams,
      responses: { 200: { description: "The chat", schema: ChatObject } },
      handle: (request) =>
        answer.ofChat<ChatRow>(request, request.params.chat_id, {
          query: oneChat(request.params.chat_id, request.caller.userId),
          reply: ([chat]) => (chat === undefined ? null : { status: 200, body: toChatObject(chat) }),
        }),
    }),
  ];
}

function toListedChat(row: ListedChatRow): ListedChat {
  return {
    ...toChatObject(row),
    last_message: toLastMessage(row),
    unread_count: row.unread_count,
    my_role: row.my_role,
    read_up_to: row.my_read_up_to,
  };
}

function toLastMessage(row: ListedChatRow): MessageObject | null {
  if (row.sender_id === null || row.sent_at === null) return null;
  return messageObject({
    chatId: row.chat_id,
    seq: row.last_seq,
    senderId: row.sender_id,
    text: row.text ?? "",
    clientMessageId: row.client_message_id,
    replyTo: row.reply_to,
    sentAt: isoTime(row.sent_at),
    editedAt: isoTimeOrNull(row.edited_at),
    deleted: row.message_deleted === true,
    fullyRead: row.fully_read === true,
    readCount: row.read_count,
    files: row.files ?? [],
  });
}

function nextLink(rows: readonly ListedChatRow[], limit: number): Record<string, string> {
  const last = rows[limit - 1];
  if (last === undefined || rows.length <= limit) return {};
  const cursor = formatPlace({ activeAt: last.active_at, chatId: last.chat_id });
  return { Link: `<?cursor=${cursor}&limit=${limit}>; rel="next"` };
}
