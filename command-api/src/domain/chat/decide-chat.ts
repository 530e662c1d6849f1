import type { ChatRenamed } from "@chat/shared/events/chat-events";
import type { Rejection } from "@chat/shared/rejection";
import type { ChatCommand, CommandContext } from "./commands.ts";
import { addition, newcomers, refuseTooMany, removal } from "./decide-members.ts";
import { type Case, type Decision, refuseField, refusePrivate, refuseWithout } from "./decision.ts";
import { maxMembersPerChat, maxRemovalsPerRequest } from "./limits.ts";
import { type Right, currentMembers } from "./membership.ts";
import type { ActiveChat } from "./state.ts";

type CreateChat = Extract<ChatCommand, { type: "CreateChat" }>;
type ChangeChat = Extract<ChatCommand, { type: "ChangeChat" }>;

export function decideCreateChat(command: CreateChat, { actor }: CommandContext): Decision {
  const refused = refuseMembers(command, actor);
  if (refused !== undefined) return refused;
  const userIds = membersOf(command, actor);
  const isPrivate = command.chatType === "private";
  return [
    {
      type: "ChatCreated",
      chatType: command.chatType,
      members: userIds.map((userId) => ({ userId, role: userId === actor && !isPrivate ? "owner" : "member" })),
      content: { title: command.title, description: command.description },
    },
  ];
}

/** Its id was derived from who creates it, or with whom: it is the chat that was asked for, if that can be asked for at all. */
export function decideCreateAgain(command: CreateChat, { actor }: CommandContext): Decision {
  return refuseMembers(command, actor) ?? [];
}

/** A list of members replaces the one there is; the actor stays in, whether he named himself or not. */
export function decideChangeChat(command: ChangeChat, it: Case): Decision {
  const { chat, member } = it;
  const refused = refusePrivate(it) ?? refuseWithout(rightsToChange(command), it);
  if (refused !== undefined) return refused;

  const wanted = new Set(command.memberIds === undefined ? [] : [member.userId, ...command.memberIds]);
  const leaving =
    command.memberIds === undefined ? [] : currentMembers(chat).filter(({ userId }) => !wanted.has(userId));
  const joining = newcomers([...wanted], chat);
  const notAllowed =
    (leaving.some(({ role }) => role === "owner") ? refuseWithout(["removeOwners"], it) : undefined) ??
    refuseTooMany(joining.length - leaving.length, chat);
  if (notAllowed !== undefined) return notAllowed;
  if (leaving.length > maxRemovalsPerRequest) {
    return refuseField("participant_ids", `At most ${maxRemovalsPerRequest} members are removed at once.`);
  }
  // Who goes is gone before anybody comes: a newcomer, who has "read" everything, settles nothing for those who stay.
  return [...renaming(command, chat), ...removal(leaving, chat), ...addition(joining, chat)];
}

export function decideDeleteChat(it: Case): Decision {
  return refusePrivate(it) ?? refuseWithout(["deleteChat"], it) ?? [{ type: "ChatDeleted" }];
}

function refuseMembers(command: CreateChat, actor: string): Rejection | undefined {
  const count = membersOf(command, actor).length;
  if (command.chatType === "private" && count !== 2) {
    return refuseField("member_ids", "A private chat is between you and one other user.");
  }
  return count > maxMembersPerChat
    ? refuseField("member_ids", `A chat has at most ${maxMembersPerChat} members.`)
    : undefined;
}

function membersOf({ memberIds }: CreateChat, actor: string): string[] {
  return [...new Set([actor, ...memberIds])];
}

function rightsToChange({ title, description, avatar, memberIds }: ChangeChat): Right[] {
  const renames = title !== undefined || description !== undefined || avatar !== undefined;
  return [
    ...(renames ? (["rename"] as const) : []),
    ...(memberIds === undefined ? [] : (["addMembers", "removeMembers"] as const)),
  ];
}

function renaming(command: ChangeChat, chat: ActiveChat): ChatRenamed[] {
  const { title, description, avatar } = command;
  const newTitle = title !== undefined && title !== chat.title;
  const newDescription = description !== undefined && description !== chat.description;
  const newAvatar = avatar !== undefined && avatar !== chat.avatar;
  if (!newTitle && !newDescription && !newAvatar) return [];
  return [
    {
      type: "ChatRenamed",
      ...(newAvatar ? { avatar } : {}),
      content: { ...(newTitle ? { title } : {}), ...(newDescription ? { description } : {}) },
    },
  ];
}
