import type { ChatEvent, MembersAdded } from "@chat/shared/events/chat-events";
import { Rejection } from "@chat/shared/rejection";
import type { ChatCommand } from "./commands.ts";
import { type Case, type Decision, refuseField, refusePrivate, refuseWithout } from "./decision.ts";
import { decideFullyRead } from "./fully-read.ts";
import { maxMembersPerChat } from "./limits.ts";
import { currentMember, currentMembers, isLastOwner } from "./membership.ts";
import type { ActiveChat, Member } from "./state.ts";

/** Those who are in already are left out. */
export function decideAddMembers(userIds: readonly string[], it: Case): Decision {
  const joining = newcomers(userIds, it.chat);
  return (
    refusePrivate(it) ??
    refuseWithout(["addMembers"], it) ??
    refuseTooMany(joining.length, it.chat) ??
    addition(joining, it.chat)
  );
}

/** To remove oneself is to leave. One who has gone already is not removed again. */
export function decideRemoveMember(userId: string, it: Case): Decision {
  if (userId === it.member.userId) return decideLeaveChat(null, it);
  const refused = refusePrivate(it) ?? refuseWithout(["removeMembers"], it);
  if (refused !== undefined) return refused;
  const member = it.chat.members.get(userId);
  if (member === undefined) return new Rejection("not_found", "This user was never a member of the chat.");
  if (member.status === "out") return [];
  return (member.role === "owner" ? refuseWithout(["removeOwners"], it) : undefined) ?? removal([member], it.chat);
}

/** The last owner names another first, unless he is the last member: then a chat without members is what is left. */
export function decideLeaveChat(newOwnerId: string | null, it: Case): Decision {
  const { chat, member } = it;
  const refused = refusePrivate(it);
  if (refused !== undefined) return refused;
  const leaving = [{ type: "MemberLeft", userId: member.userId } as const, ...fullyReadWithout([member], chat)];
  if (newOwnerId !== null) {
    const named = namingOwner(newOwnerId, it);
    return named instanceof Rejection ? named : [...named, ...leaving];
  }
  if (isLastOwner(chat, member) && currentMembers(chat).length > 1) {
    return new Rejection("last_owner", "You are the last owner of this chat: name another before you leave.");
  }
  return leaving;
}

export function decideChangeRole(
  { userId, role }: Pick<Extract<ChatCommand, { type: "ChangeRole" }>, "userId" | "role">,
  it: Case,
): Decision {
  const refused = refusePrivate(it) ?? refuseWithout(["changeRoles"], it);
  if (refused !== undefined) return refused;
  const member = currentMember(it.chat, userId);
  if (member === undefined) return new Rejection("not_found", "This user is no member of the chat.");
  if (member.role === role) return [];
  if (isLastOwner(it.chat, member)) {
    return new Rejection("last_owner", "This is the last owner of the chat: make somebody else one first.");
  }
  return [{ type: "MemberRoleChanged", userId, role }];
}

/** Who of these is not in yet, each once. */
export function newcomers(userIds: readonly string[], chat: ActiveChat): string[] {
  return [...new Set(userIds)].filter((userId) => currentMember(chat, userId) === undefined);
}

/** A newcomer has read everything that was said before he came. */
export function addition(userIds: readonly string[], { lastSeq }: ActiveChat): readonly MembersAdded[] {
  if (userIds.length === 0) return [];
  return [
    {
      type: "MembersAdded",
      members: userIds.map((userId) => ({ userId, role: "member" })),
      readUpTo: lastSeq,
    },
  ];
}

export function removal(members: readonly Member[], chat: ActiveChat): readonly ChatEvent[] {
  if (members.length === 0) return [];
  return [
    ...members.map(({ userId }) => ({ type: "MemberRemoved", userId }) as const),
    ...fullyReadWithout(members, chat),
  ];
}

export function refuseTooMany(more: number, chat: ActiveChat): Rejection | undefined {
  if (more <= 0 || currentMembers(chat).length + more <= maxMembersPerChat) return undefined;
  return refuseField("user_ids", `A chat has at most ${maxMembersPerChat} members.`);
}

function namingOwner(userId: string, it: Case): readonly ChatEvent[] | Rejection {
  const refused = refuseWithout(["changeRoles"], it);
  if (refused !== undefined) return refused;
  const heir = currentMember(it.chat, userId);
  if (heir === undefined || heir.userId === it.member.userId) {
    return refuseField("new_owner_id", "The new owner must be another member of the chat.");
  }
  return heir.role === "owner" ? [] : [{ type: "MemberRoleChanged", userId, role: "owner" }];
}

/** What those who go had not read, all others may have: the same batch says so. */
function fullyReadWithout(gone: readonly Member[], chat: ActiveChat): readonly ChatEvent[] {
  const without = new Set(gone);
  return decideFullyRead(chat, (member) => (without.has(member) ? null : member.readUpTo));
}
