import Type from "typebox";
import { ChatObject } from "@chat/shared/api/chat-object";
import { exampleChat } from "@chat/shared/api/examples";
import { defineRoute, type Route } from "@chat/shared/http/define-route";
import { nullable, userIdField, userIdListField } from "@chat/shared/http/fields";
import { groupChatId, newChatId, privateChatId, type ChatId, type UserId } from "@chat/shared/ids";
import { Rejection } from "@chat/shared/rejection";
import { chatAnswer } from "../commands/answers.ts";
import type { ChatCommands } from "../commands/chat-commands.ts";
import { maxDescriptionCharacters, maxMembersPerRequest, maxTitleCharacters } from "../domain/chat/limits.ts";
import { chatIdParams } from "./params.ts";

const title = nullable(Type.String({ minLength: 1, maxLength: maxTitleCharacters }));
const description = nullable(Type.String({ maxLength: maxDescriptionCharacters }));
const memberIds = userIdListField({ maxIds: maxMembersPerRequest });
const chatType = Type.Union([Type.Literal("private"), Type.Literal("group")]);

const ChatCreatedObject = Type.Object(
  { ...ChatObject.properties, message: Type.String() },
  { $id: "CreatedChat", additionalProperties: false, examples: [{ ...exampleChat, message: "Чат создан" }] },
);

const NewChat = Type.Object(
  {
    chat_type: Type.Optional(chatType),
    type: Type.Optional(chatType),
    name: Type.Optional(title),
    title: Type.Optional(title),
    description: Type.Optional(description),
    member_ids: Type.Optional(memberIds),
    participant_ids: Type.Optional(memberIds),
    user2_id: Type.Optional(userIdField()),
    creator_id: Type.Optional(userIdField({ description: "accepted when it is the caller" })),
  },
  {
    // The first names nobody, so that it can be sent as it stands on any installation.
    examples: [
      { type: "group", name: "The team", description: "What we do today" },
      { type: "group", name: "The team", member_ids: ["2"] },
      { type: "private", member_ids: ["2"] },
    ],
  },
);

const ChangedChat = Type.Object(
  {
    name: Type.Optional(title),
    title: Type.Optional(title),
    description: Type.Optional(description),
    participant_ids: Type.Optional(memberIds),
  },
  { examples: [{ name: "The whole team", description: "What we do this week" }, { participant_ids: ["1", "2"] }] },
);

/** Creating, changing and deleting chats. */
export function chatRoutes(commands: ChatCommands): readonly Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/chats",
      summary: "Create a chat; a private chat that exists is answered with 200",
      tags: ["chats"],
      auth: "token",
      body: NewChat,
      responses: {
        200: { description: "It was there already", schema: ChatCreatedObject },
        201: { description: "Created", schema: ChatCreatedObject },
      },
      rejections: ["not_found"],
      async handle({ caller, body, idempotencyKey, traceParent }) {
        const actor = caller.userId;
        if (body.creator_id !== undefined && body.creator_id !== actor) {
          throw wrongField("/creator_id", "must be the caller, or left out");
        }
        const members = body.member_ids ?? body.participant_ids ?? (body.user2_id === undefined ? [] : [body.user2_id]);
        const type = body.chat_type ?? body.type ?? (body.user2_id === undefined ? "group" : "private");
        const chatId = newIdFor(type, actor, members, idempotencyKey);
        const outcome = await commands.execute({ actor, idempotencyKey, traceParent }, chatId, {
          type: "CreateChat",
          chatType: type,
          // A null is no title here, as leaving it out is.
          title: oneTitle({ name: body.name ?? body.title, title: body.title ?? body.name }) ?? null,
          description: body.description ?? null,
          memberIds: [...new Set([actor, ...members])],
        });
        const status = outcome.status === "done" ? 201 : 200;
        return { status, body: { ...chatAnswer(chatId, outcome.chat), message: "Чат создан" } };
      },
    }),

    defineRoute({
      method: "PATCH",
      path: "/chats/:chat_id",
      summary: "Change a group's name, description or members; participant_ids replaces the list, the caller stays in",
      tags: ["chats"],
      auth: "token",
      params: chatIdParams,
      body: ChangedChat,
      responses: { 200: { description: "The chat as it is now", schema: ChatObject } },
      rejections: ["forbidden", "private_chat_immutable"],
      async handle({ caller, params, body, idempotencyKey, traceParent }) {
        const name = oneTitle(body);
        const outcome = await commands.execute({ actor: caller.userId, idempotencyKey, traceParent }, params.chat_id, {
          type: "ChangeChat",
          ...(name === undefined ? {} : { title: name }),
          ...(body.description === undefined ? {} : { description: body.description }),
          ...(body.participant_ids === undefined
            ? {}
            : { memberIds: [...new Set([caller.userId, ...body.participant_ids])] }),
        });
        return { status: 200, body: chatAnswer(params.chat_id, outcome.chat) };
      },
    }),

    defineRoute({
      method: "DELETE",
      path: "/chats/:chat_id",
      summary: "Delete a group, for everybody",
      tags: ["chats"],
      auth: "token",
      params: chatIdParams,
      responses: { 204: { description: "Deleted" } },
      rejections: ["forbidden", "private_chat_immutable"],
      async handle({ caller, params, idempotencyKey, traceParent }) {
        await commands.execute({ actor: caller.userId, idempotencyKey, traceParent }, params.chat_id, {
          type: "DeleteChat",
        });
        return { status: 204 };
      },
    }),
  ];
}

/** The same chat for the same pair, and for the same key of the same creator; else a new one. */
function newIdFor(
  type: "private" | "group",
  actor: UserId,
  members: readonly UserId[],
  key: string | undefined,
): ChatId {
  const other = members.find((id) => id !== actor);
  if (type === "private" && other !== undefined) return privateChatId(actor, other);
  return key === undefined ? newChatId() : groupChatId(actor, key);
}

interface Titles {
  readonly name?: string | null | undefined;
  readonly title?: string | null | undefined;
}

/** `name` and `title` are one thing; two different ones are a contradiction. Undefined when neither is there. */
function oneTitle({ name, title }: Titles): string | null | undefined {
  if (name === undefined) return title;
  if (title === undefined || title === name) return name;
  throw wrongField("/title", "must equal name, or be left out");
}

function wrongField(pointer: string, detail: string): Rejection {
  return new Rejection("validation_failed", `${pointer.slice(1)} ${detail}.`, {
    errors: [{ in: "body", pointer, detail }],
  });
}
