import Type, { type Static } from "typebox";
import { ChatObject } from "@chat/shared/api/chat-object";
import { exampleChat } from "@chat/shared/api/examples";
import { defineRoute, type Route } from "@chat/shared/http/define-route";
import { nullable, SOMETHING_SEEN, userIdField, userIdListField } from "@chat/shared/http/fields";
import { groupChatId, newChatId, privateChatId, type ChatId, type UserId } from "@chat/shared/ids";
import { chatAnswer } from "../commands/answers.ts";
import type { ChatCommands } from "../commands/chat-commands.ts";
import { maxDescriptionCharacters, maxMembersPerRequest, maxTitleCharacters } from "../domain/chat/limits.ts";
import { agreed, sameSet, wrongField } from "./agreed.ts";
import { chatIdParams } from "./params.ts";

const title = nullable(Type.String({ maxLength: maxTitleCharacters, pattern: SOMETHING_SEEN }));
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
        const members = membersIn(body, actor);
        const type = agreed({ chat_type: body.chat_type, type: body.type }) ?? usualType(body);
        const chatId = newIdFor(type, actor, members, idempotencyKey);
        const outcome = await commands.execute({ actor, idempotencyKey, traceParent }, chatId, {
          type: "CreateChat",
          chatType: type,
          // A null is no title here, as leaving it out is.
          title: agreed({ name: body.name ?? undefined, title: body.title ?? undefined }) ?? null,
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
        const name = agreed({ name: body.name, title: body.title });
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

const usualType = ({ user2_id: other }: Pick<Static<typeof NewChat>, "user2_id">): "private" | "group" =>
  other === undefined ? "group" : "private";

/** Whom the creator wants in, by whichever name; that he is in himself need not be said. */
function membersIn(
  { member_ids, participant_ids, user2_id }: Static<typeof NewChat>,
  actor: UserId,
): readonly UserId[] {
  const others = (ids: readonly UserId[]): readonly UserId[] => ids.filter((id) => id !== actor);
  const named = { member_ids, participant_ids, user2_id: user2_id === undefined ? undefined : [user2_id] };
  return agreed(named, (one, other) => sameSet(others(one), others(other))) ?? [];
}
