import Type from "typebox";
import { exampleChatId } from "@chat/shared/api/examples";
import { defineRoute, type Route } from "@chat/shared/http/define-route";
import { userIdField, userIdListField } from "@chat/shared/http/fields";
import { Rejection } from "@chat/shared/rejection";
import type { ChatCommands } from "../commands/chat-commands.ts";
import { maxMembersPerRequest } from "../domain/chat/limits.ts";
import { agreed, sameSet } from "./agreed.ts";
import { chatIdParams, memberParams } from "./params.ts";

const role = Type.Union([Type.Literal("owner"), Type.Literal("admin"), Type.Literal("member")]);
const NewMembers = Type.Object(
  {
    user_id: Type.Optional(userIdField()),
    user_ids: Type.Optional(userIdListField({ maxIds: maxMembersPerRequest })),
  },
  { examples: [{ user_ids: ["2"] }, { user_id: "2" }] },
);
const MemberAdded = Type.Object(
  {
    message: Type.String(),
    chat_id: Type.String(),
    user_id: Type.String(),
    user_ids: Type.Array(Type.String()),
    role,
  },
  {
    examples: [
      {
        message: `Пользователь 2 добавлен в чат ${exampleChatId}`,
        chat_id: exampleChatId,
        user_id: "2",
        user_ids: ["2"],
        role: "member",
      },
    ],
  },
);
const NewRole = Type.Object({ role }, { examples: [{ role: "admin" }] });
const MemberRole = Type.Object(
  { chat_id: Type.String(), user_id: Type.String(), role },
  { examples: [{ chat_id: exampleChatId, user_id: "2", role: "admin" }] },
);
const Leaving = Type.Object({ new_owner_id: Type.Optional(userIdField()) }, { examples: [{}, { new_owner_id: "2" }] });

/** Who is in a group, and as what. */
export function memberRoutes(commands: ChatCommands): readonly Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/chats/:chat_id/members",
      summary: "Add members to a group; one who is in stays as he is",
      tags: ["members"],
      auth: "token",
      params: chatIdParams,
      query: Type.Object({ user_id: Type.Optional(userIdField()) }),
      body: NewMembers,
      responses: { 200: { description: "In the group", schema: MemberAdded } },
      rejections: ["forbidden", "private_chat_immutable"],
      async handle({ caller, params, query, body, idempotencyKey, traceParent }) {
        const single = agreed({ "query user_id": query.user_id, user_id: body.user_id });
        const alone = single === undefined ? undefined : [single];
        const userIds = agreed({ user_id: alone, user_ids: body.user_ids }, sameSet) ?? [];
        const [first] = userIds;
        if (first === undefined) throw new Rejection("validation_failed", "Say whom to add: user_id or user_ids.");
        const { chat_id: chatId } = params;
        const { chat } = await commands.execute({ actor: caller.userId, idempotencyKey, traceParent }, chatId, {
          type: "AddMembers",
          userIds,
        });
        const member = chat.status === "active" ? chat.members.get(first) : undefined;
        return {
          status: 200,
          body: {
            message: `Пользователь ${userIds.join(", ")} добавлен в чат ${chatId}`,
            chat_id: chatId,
            user_id: first,
            user_ids: userIds,
            role: member?.role ?? "member",
          },
        };
      },
    }),

    defineRoute({
      method: "DELETE",
      path: "/chats/:chat_id/members/:user_id",
      summary: "Remove a member from a group",
      tags: ["members"],
      auth: "token",
      params: memberParams,
      responses: { 204: { description: "Not a member any more" } },
      rejections: ["forbidden", "private_chat_immutable", "last_owner"],
      async handle({ caller, params, idempotencyKey, traceParent }) {
        const command = { type: "RemoveMember", userId: params.user_id } as const;
        await commands.execute({ actor: caller.userId, idempotencyKey, traceParent }, params.chat_id, command);
        return { status: 204 };
      },
    }),

    defineRoute({
      method: "PUT",
      path: "/chats/:chat_id/members/:user_id/role",
      summary: "Make a member owner, admin or plain member",
      tags: ["members"],
      auth: "token",
      params: memberParams,
      body: NewRole,
      responses: {
        200: { description: "The member's role now", schema: MemberRole },
      },
      rejections: ["forbidden", "private_chat_immutable", "last_owner"],
      async handle({ caller, params, body, idempotencyKey, traceParent }) {
        const { chat_id: chatId, user_id: userId } = params;
        const command = { type: "ChangeRole", userId, role: body.role } as const;
        await commands.execute({ actor: caller.userId, idempotencyKey, traceParent }, chatId, command);
        return { status: 200, body: { chat_id: chatId, user_id: userId, role: body.role } };
      },
    }),

    defineRoute({
      method: "POST",
      path: "/chats/:chat_id/leave",
      summary: "Leave a group; its last owner names another",
      tags: ["members"],
      auth: "token",
      params: chatIdParams,
      body: Leaving,
      responses: { 204: { description: "Not a member any more" } },
      rejections: ["private_chat_immutable", "last_owner"],
      async handle({ caller, params, body, idempotencyKey, traceParent }) {
        const command = { type: "LeaveChat", newOwnerId: body.new_owner_id ?? null } as const;
        await commands.execute({ actor: caller.userId, idempotencyKey, traceParent }, params.chat_id, command);
        return { status: 204 };
      },
    }),
  ];
}
