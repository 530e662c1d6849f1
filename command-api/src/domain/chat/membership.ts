import type { Role } from "@chat/shared/events/chat-events";
import type { ActiveChat, Member } from "./state.ts";

/** What not everybody in a group may do. Sending, reading, leaving, editing and deleting own messages is everybody's. */
export type Right =
  "rename" | "addMembers" | "removeMembers" | "removeOwners" | "changeRoles" | "deleteOthersMessages" | "deleteChat";

const rights: Readonly<Record<Role, ReadonlySet<Right>>> = {
  owner: new Set<Right>([
    "rename",
    "addMembers",
    "removeMembers",
    "removeOwners",
    "changeRoles",
    "deleteOthersMessages",
    "deleteChat",
  ]),
  admin: new Set<Right>(["rename", "addMembers", "removeMembers", "deleteOthersMessages"]),
  member: new Set<Right>(),
};

/** A private chat knows no roles: whatever stands in its members' rows gives no right. */
export function may(chat: ActiveChat, member: Member, right: Right): boolean {
  return chat.chatType === "group" && rights[member.role].has(right);
}

/** The member as long as he is one. */
export function currentMember(chat: ActiveChat, userId: string): Member | undefined {
  const member = chat.members.get(userId);
  return member?.status === "in" ? member : undefined;
}

export function currentMembers(chat: ActiveChat): Member[] {
  return [...chat.members.values()].filter(({ status }) => status === "in");
}

export function isLastOwner(chat: ActiveChat, member: Member): boolean {
  return (
    member.role === "owner" &&
    currentMembers(chat).every(({ userId, role }) => userId === member.userId || role !== "owner")
  );
}
