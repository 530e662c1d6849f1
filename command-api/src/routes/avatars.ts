import { ChatObject } from "@chat/shared/api/chat-object";
import { isFileKey } from "@chat/shared/files/file-store";
import { defineRoute, type Route } from "@chat/shared/http/define-route";
import { Rejection } from "@chat/shared/rejection";
import { chatAnswer } from "../commands/answers.ts";
import type { ChatCommands } from "../commands/chat-commands.ts";
import { may } from "../domain/chat/membership.ts";
import type { TakeAvatar } from "../files/avatars.ts";
import type { Uploads } from "../files/uploads.ts";
import type { Identity } from "../identity/identity.ts";
import type { CommandOutcome } from "../partition-owner/command-request.ts";
import { chatIdParams } from "./params.ts";
import { ProfileObject, profileObject } from "./profile-object.ts";

interface Dependencies {
  readonly commands: ChatCommands;
  readonly identity: Identity;
  readonly uploads: Uploads;
  readonly takeAvatar: TakeAvatar;
}

/** Pictures of people and of groups. */
export function avatarRoutes({ commands, identity, uploads, takeAvatar }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      method: "PUT",
      path: ["/users/me/avatar", "/me/avatar"],
      summary: "Change one's own picture: a PNG, JPEG, WebP or GIF, of which a square is made",
      tags: ["users"],
      auth: "token",
      upload: { maxFiles: 1 },
      responses: { 200: { description: "The profile as it is now", schema: ProfileObject } },
      rejections: ["quota_exceeded"],
      async handle({ caller: { userId }, incoming }) {
        const { key } = await takeAvatar({ request: incoming, userId, target: { kind: "user avatar" } });
        return { status: 200, body: profileObject(await identity.changeProfile(userId, { avatar: key })) };
      },
    }),

    defineRoute({
      method: "DELETE",
      path: ["/users/me/avatar", "/me/avatar"],
      summary: "Have no picture of oneself any more; without one nothing changes",
      tags: ["users"],
      auth: "token",
      responses: { 200: { description: "The profile as it is now", schema: ProfileObject } },
      async handle({ caller: { userId } }) {
        const { profile, removed } = await identity.removeAvatar(userId);
        // What cannot be removed now is found by the collector: no account names it any more.
        if (removed !== null && isFileKey(removed)) await uploads.release([{ key: removed }]);
        return { status: 200, body: profileObject(profile) };
      },
    }),

    defineRoute({
      method: "PUT",
      path: "/chats/:chat_id/avatar",
      summary: "Change a group's picture: a PNG, JPEG, WebP or GIF, of which a square is made",
      tags: ["chats"],
      auth: "token",
      params: chatIdParams,
      upload: { maxFiles: 1 },
      responses: { 200: { description: "The chat as it is now", schema: ChatObject } },
      rejections: ["forbidden", "private_chat_immutable", "quota_exceeded"],
      async handle({ caller: { userId }, params: { chat_id: chatId }, idempotencyKey, traceParent, incoming }) {
        const origin = { actor: userId, traceParent };
        refuseUnlessMayRename(
          userId,
          await commands.execute({ ...origin, idempotencyKey: undefined }, chatId, { type: "ChangeChat" }),
        );
        const avatar = await takeAvatar({ request: incoming, userId, target: { kind: "chat avatar", chatId } });
        const request = { type: "ChangeChat", avatar: avatar.sha256 };
        const outcome = await uploads.nameBy([avatar], () =>
          commands.execute({ ...origin, idempotencyKey, request }, chatId, { type: "ChangeChat", avatar: avatar.key }),
        );
        return { status: 200, body: chatAnswer(chatId, outcome.chat) };
      },
    }),

    defineRoute({
      method: "DELETE",
      path: "/chats/:chat_id/avatar",
      summary: "Have a group without a picture; without one nothing changes",
      tags: ["chats"],
      auth: "token",
      params: chatIdParams,
      responses: { 200: { description: "The chat as it is now", schema: ChatObject } },
      rejections: ["forbidden", "private_chat_immutable"],
      async handle({ caller: { userId }, params: { chat_id: chatId }, idempotencyKey, traceParent }) {
        const command = { type: "ChangeChat", avatar: null } as const;
        const outcome = await commands.execute({ actor: userId, idempotencyKey, traceParent }, chatId, command);
        return { status: 200, body: chatAnswer(chatId, outcome.chat) };
      },
    }),
  ];
}

/** Before a byte of the picture is read; who may no longer when it was is refused by the command itself. */
function refuseUnlessMayRename(userId: string, { chat }: CommandOutcome): void {
  const member = chat.status === "active" ? chat.members.get(userId) : undefined;
  if (chat.status === "active" && member !== undefined && may(chat, member, "rename")) return;
  throw new Rejection("forbidden", "Your role in this chat does not allow this.");
}
