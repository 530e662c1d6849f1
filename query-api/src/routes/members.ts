import Type from "typebox";
import { exampleChatId } from "@chat/shared/api/examples";
import { MemberObject } from "@chat/shared/api/member-object";
import { defineRoute, type Route } from "@chat/shared/http/define-route";
import { nullable } from "@chat/shared/http/fields";
import { parseMessageId } from "@chat/shared/ids";
import { chatMembers, type ChatMembersRow } from "../queries/chat-members.ts";
import { isoTime } from "../queries/message-objects.ts";
import { messageReaders, type MessageReadersRow } from "../queries/message-readers.ts";
import { unreadChats, type UnreadRow } from "../queries/unread.ts";
import type { AnswerRead } from "./answer-read.ts";
import { chatIdParams, messageIdParams } from "./params.ts";

const ReaderObject = Type.Object(
  {
    user_id: Type.String(),
    name: nullable(Type.String()),
    read_at: Type.String({ format: "date-time" }),
  },
  {
    $id: "Reader",
    additionalProperties: false,
    examples: [{ user_id: "2", name: "Grace", read_at: "2026-03-01T09:32:00.000Z" }],
  },
);

const UnreadObject = Type.Object(
  {
    total: Type.Integer(),
    chats: Type.Record(Type.String(), Type.Integer(), { description: "by chat id; chats without any are left out" }),
  },
  { $id: "Unread", additionalProperties: false, examples: [{ total: 3, chats: { [exampleChatId]: 3 } }] },
);

/** Who is in a chat, and what they have read. */
export function memberRoutes(answer: AnswerRead): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/chats/:chat_id/members",
      summary: "The members of a chat, in the order of joining",
      tags: ["members"],
      auth: "token",
      params: chatIdParams,
      responses: { 200: { description: "The members", schema: Type.Array(MemberObject) } },
      handle: (request) =>
        answer.ofChat<ChatMembersRow>(request, request.params.chat_id, {
          query: chatMembers(request.params.chat_id, request.caller.userId),
          reply: ([members]) => (members === undefined ? null : { status: 200, body: toMemberObjects(members) }),
        }),
    }),

    defineRoute({
      method: "GET",
      path: "/messages/:message_id/readers",
      summary: "The members who have read a message, and when",
      tags: ["read"],
      auth: "token",
      params: messageIdParams,
      responses: { 200: { description: "The readers, first reader first", schema: Type.Array(ReaderObject) } },
      handle(request) {
        const message = parseMessageId(request.params.message_id);
        if (message === null) throw new Error("a message id that fits its pattern was not parsed");
        return answer.ofChat<MessageReadersRow>(request, message.chatId, {
          query: messageReaders(message.chatId, message.seq, request.caller.userId),
          reply: ([readers]) => (readers === undefined ? null : { status: 200, body: toReaderObjects(readers) }),
        });
      },
    }),

    defineRoute({
      method: "GET",
      path: "/unread",
      summary: "How much the caller has not read",
      tags: ["read"],
      auth: "token",
      responses: { 200: { description: "In all, and by chat", schema: UnreadObject } },
      handle: (request) =>
        answer.ofAllChats<UnreadRow>(request, {
          query: unreadChats(request.caller.userId),
          reply: ([unread]) => ({ status: 200, body: toUnreadObject(unread) }),
        }),
    }),
  ];
}

function toMemberObjects(row: ChatMembersRow) {
  return row.user_ids.map((userId, index) => ({
    user_id: userId,
    id: userId,
    name: row.names[index] ?? null,
    role: row.roles[index],
    read_up_to: row.read_up_tos[index],
    joined_at: isoTime(row.joined_ats[index] ?? 0),
  }));
}

function toReaderObjects({ user_ids, names, read_ats }: MessageReadersRow) {
  return user_ids.map((userId, index) => ({
    user_id: userId,
    name: names[index] ?? null,
    read_at: isoTime(read_ats[index] ?? 0),
  }));
}

function toUnreadObject(row: UnreadRow | undefined) {
  const counts = (row?.chat_ids ?? []).map((chatId, index) => [chatId, row?.unread_counts[index] ?? 0] as const);
  const unread = counts.filter(([, count]) => count !== 0);
  return { total: unread.reduce((total, [, count]) => total + count, 0), chats: Object.fromEntries(unread) };
}
