import type { ChatEvent } from "@chat/shared/events/chat-events";

/** What devices are told; the words of the native protocol, which the other dialects translate. */
export type TellingKind =
  | "new_message"
  | "message_updated"
  | "message_deleted"
  | "file_attached"
  | "create_chat"
  | "update_chat"
  | "delete_chat"
  | "member_added"
  | "member_removed"
  | "role_changed"
  | "read"
  | "fully_read"
  | "version";

/**
 * `present`: who is a member when it happens, the author too, and whoever is removed by it too: that is the last thing
 * he hears. `joined`: whom the event lets in; it is the first thing that he hears. `authors`: those whose messages it
 * is about, as far as they are members.
 */
export type Audience = "present" | "joined" | "authors";

/** Who is told what, for every fact. Everybody is told on all devices. */
export const audienceOf: {
  readonly [Type in ChatEvent["type"]]: readonly { readonly kind: TellingKind; readonly to: Audience }[];
} = {
  ChatCreated: [{ kind: "create_chat", to: "joined" }],
  ChatRenamed: [{ kind: "update_chat", to: "present" }],
  ChatDeleted: [{ kind: "delete_chat", to: "present" }],
  MembersAdded: [
    { kind: "member_added", to: "present" },
    { kind: "create_chat", to: "joined" },
  ],
  MemberRemoved: [{ kind: "member_removed", to: "present" }],
  MemberLeft: [{ kind: "member_removed", to: "present" }],
  MemberRoleChanged: [{ kind: "role_changed", to: "present" }],
  MessageSent: [{ kind: "new_message", to: "present" }],
  MessageEdited: [{ kind: "message_updated", to: "present" }],
  MessageDeleted: [{ kind: "message_deleted", to: "present" }],
  FileAttached: [{ kind: "file_attached", to: "present" }],
  MessageRead: [{ kind: "read", to: "present" }],
  MessagesFullyRead: [
    { kind: "fully_read", to: "authors" },
    { kind: "version", to: "present" },
  ],
};

/** Whether a user hears it who is in the chat when it happens, or whom it lets in (`isJoining`). */
export function hears(
  told: { readonly to: Audience; readonly userId?: string; readonly only?: (userId: string) => boolean },
  userId: string,
  isJoining: boolean,
): boolean {
  if (isJoining !== (told.to === "joined")) return false;
  if (told.userId !== undefined && told.userId !== userId) return false;
  return told.only === undefined || told.only(userId);
}

/** How an event moves people in and out of its chat. `everybody`: the chat is no more. */
export interface MembershipChange {
  readonly joined: readonly string[];
  readonly gone: readonly string[] | "everybody";
}

const noChange: MembershipChange = { joined: [], gone: [] };

export function membershipChangeOf(event: ChatEvent): MembershipChange {
  switch (event.type) {
    case "ChatCreated":
    case "MembersAdded":
      return { joined: event.members.map((member) => member.userId), gone: [] };
    case "MemberRemoved":
    case "MemberLeft":
      return { joined: [], gone: [event.userId] };
    case "ChatDeleted":
      return { joined: [], gone: "everybody" };
    case "ChatRenamed":
    case "MemberRoleChanged":
    case "MessageSent":
    case "MessageEdited":
    case "MessageDeleted":
    case "FileAttached":
    case "MessageRead":
    case "MessagesFullyRead":
      return noChange;
    default:
      return event satisfies never;
  }
}
