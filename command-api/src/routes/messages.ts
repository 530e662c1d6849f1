import Type from "typebox";
import { exampleChatId } from "@chat/shared/api/examples";
import { MessageObject } from "@chat/shared/api/message-object";
import { defineRoute, type Route, type RouteRequest } from "@chat/shared/http/define-route";
import { nullable, textField } from "@chat/shared/http/fields";
import { chatIdPattern, messageIdPattern, type ChatId } from "@chat/shared/ids";
import type { Caller } from "@chat/shared/identity/access-token";
import { Rejection } from "@chat/shared/rejection";
import { messageAnswer } from "../commands/answers.ts";
import type { ChatCommands } from "../commands/chat-commands.ts";
import type { Messaging } from "../commands/messaging.ts";
import { maxTextBytes } from "../domain/chat/limits.ts";
import type { CommandOutcome } from "../partition-owner/command-request.ts";
import { chatIdParams, locate, messageIdParams } from "./params.ts";

const text = textField({ minLength: 1, maxUtf8Bytes: maxTextBytes });
const messageFields = {
  text,
  client_message_id: Type.Optional(nullable(Type.String({ pattern: "^[\\x21-\\x7e]{1,200}$" }))),
  reply_to: Type.Optional(nullable(Type.String({ pattern: messageIdPattern }))),
};
const NewMessage = Type.Object(messageFields, {
  // The first can be sent again and again: an id of the client's is good for one message.
  examples: [{ text: "Good morning!" }, { text: "Good morning!", client_message_id: "phone-1" }],
});
const NewMessageIn = Type.Object(
  { chat_id: Type.Unsafe<ChatId>({ type: "string", pattern: chatIdPattern }), ...messageFields },
  { examples: [{ chat_id: exampleChatId, text: "Good morning!" }] },
);
const ChangedMessage = Type.Object({ text }, { examples: [{ text: "Good morning, everybody!" }] });

interface SentFields {
  readonly text: string;
  readonly client_message_id?: string | null;
  readonly reply_to?: string | null;
}

/** Sending, editing and deleting messages. */
export function messageRoutes(commands: ChatCommands, messaging: Messaging): readonly Route[] {
  const responses = {
    200: { description: "The same id was sent before: the message as it is now", schema: MessageObject },
    201: { description: "Sent, durably", schema: MessageObject },
  };

  async function send(
    request: Pick<RouteRequest<unknown, unknown, unknown, Caller>, "caller" | "idempotencyKey" | "traceParent">,
    chatId: ChatId,
    body: SentFields,
  ) {
    const key = oneKey(request.idempotencyKey, body.client_message_id ?? undefined);
    const origin = { actor: request.caller.userId, idempotencyKey: key, traceParent: request.traceParent };
    const outcome = await messaging.send(origin, { chatId, text: body.text, replyTo: body.reply_to ?? null });
    return { status: outcome.status === "repeated" ? 200 : 201, body: present(chatId, outcome) };
  }

  return [
    defineRoute({
      method: "POST",
      path: "/chats/:chat_id/messages",
      summary: "Send a message",
      tags: ["messages"],
      auth: "token",
      params: chatIdParams,
      body: NewMessage,
      responses,
      handle: (request) => send(request, request.params.chat_id, request.body),
    }),

    defineRoute({
      method: "POST",
      path: ["/message", "/message/"],
      summary: "Send a message to the chat that the body names",
      tags: ["messages"],
      auth: "token",
      body: NewMessageIn,
      responses,
      rejections: ["not_found"],
      handle: (request) => send(request, request.body.chat_id, request.body),
    }),

    defineRoute({
      method: "PUT",
      path: "/messages/:message_id",
      summary: "Edit an own message",
      tags: ["messages"],
      auth: "token",
      params: messageIdParams,
      body: ChangedMessage,
      responses: { 200: { description: "The message as it is now", schema: MessageObject } },
      rejections: ["forbidden", "message_deleted"],
      async handle({ caller, params, body, idempotencyKey, traceParent }) {
        const { chatId, seq } = locate(params.message_id);
        const command = { type: "EditMessage", seq, text: body.text } as const;
        return {
          status: 200,
          body: present(
            chatId,
            await commands.execute({ actor: caller.userId, idempotencyKey, traceParent }, chatId, command),
          ),
        };
      },
    }),

    defineRoute({
      method: "DELETE",
      path: "/messages/:message_id",
      summary: "Delete an own message, or any as an admin; its place in the chat stays",
      tags: ["messages"],
      auth: "token",
      params: messageIdParams,
      responses: { 200: { description: "What is left of it", schema: MessageObject } },
      rejections: ["forbidden"],
      async handle({ caller, params, idempotencyKey, traceParent }) {
        const { chatId, seq } = locate(params.message_id);
        const command = { type: "DeleteMessage", seq } as const;
        return {
          status: 200,
          body: present(
            chatId,
            await commands.execute({ actor: caller.userId, idempotencyKey, traceParent }, chatId, command),
          ),
        };
      },
    }),
  ];
}

/** `Idempotency-Key` and `client_message_id` are one id; two different ones are a contradiction. */
function oneKey(header: string | undefined, field: string | undefined): string | undefined {
  if (header === undefined || field === undefined || header === field) return field ?? header;
  throw new Rejection("validation_failed", "Idempotency-Key and client_message_id are one id, and these two differ.", {
    errors: [{ in: "body", pointer: "/client_message_id", detail: "must equal the Idempotency-Key, or be left out" }],
  });
}

function present(chatId: ChatId, { chat, message }: CommandOutcome): MessageObject {
  if (message === undefined) throw new Error("a command about a message left none");
  return messageAnswer(chatId, chat, message);
}
