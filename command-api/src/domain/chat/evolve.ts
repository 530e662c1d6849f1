import type {
  ChatCreated,
  ChatEvent,
  ChatRenamed,
  MembersAdded,
  MessageRead,
  MessagesFullyRead,
  NewMember,
} from "@chat/shared/events/chat-events";
import type { ActiveChat, ChatState, Member } from "./state.ts";

/** What an event's record says besides what happened. */
export interface EventMeta {
  readonly actor: string;
  readonly at: string;
}

/** The chat after the event. An event that cannot follow is a bug of whoever wrote it, or a hole in the log. */
export function evolve(state: ChatState, event: ChatEvent, meta: EventMeta): ChatState {
  if (event.type === "ChatCreated") {
    if (state.status !== "absent") throw new Error("ChatCreated in a chat that was there already");
    return created(event, meta);
  }
  if (state.status !== "active") throw new Error(`${event.type} in a chat that is ${state.status}`);
  const version = state.version + 1;
  switch (event.type) {
    case "MessageSent":
      return { ...state, version, lastSeq: event.seq };
    case "MessageEdited":
    case "MessageDeleted":
    case "FileAttached":
      return { ...state, version };
    case "MessageRead":
      return { ...state, version, members: read(state, event, meta) };
    case "MessagesFullyRead":
      return { ...state, version, ...fullyRead(state, event) };
    case "ChatRenamed":
      return { ...state, version, updatedAt: meta.at, ...renamed(event) };
    case "MembersAdded":
      return { ...state, version, updatedAt: meta.at, members: added(state, event, meta) };
    case "MemberRemoved":
    case "MemberLeft":
      return { ...state, version, updatedAt: meta.at, members: changed(state, event.userId, { status: "out" }) };
    case "MemberRoleChanged":
      return { ...state, version, updatedAt: meta.at, members: changed(state, event.userId, { role: event.role }) };
    case "ChatDeleted":
      return { status: "deleted", version };
    default:
      return event satisfies never;
  }
}

type Members = ActiveChat["members"];

function created(event: ChatCreated, { actor, at }: EventMeta): ActiveChat {
  return {
    status: "active",
    version: 1,
    chatType: event.chatType,
    title: event.content.title,
    description: event.content.description,
    avatar: null,
    creatorId: actor,
    createdAt: at,
    updatedAt: at,
    lastSeq: 0,
    members: new Map(event.members.map((member) => [member.userId, joined(member, at, 0, 0)])),
    fullyRead: { upTo: 0, exceptAuthor: null },
  };
}

const joined = ({ userId, role }: NewMember, joinedAt: string, readUpTo: number, ownReadUpTo: number): Member => ({
  userId,
  status: "in",
  role,
  joinedAt,
  readUpTo,
  ownReadUpTo,
});

function renamed(event: ChatRenamed): Partial<Pick<ActiveChat, "title" | "description" | "avatar">> {
  return { ...event.content, ...(event.avatar === undefined ? {} : { avatar: event.avatar }) };
}

/** One who was here before keeps what of his own was fully read: that never falls back. */
function added(state: ActiveChat, event: MembersAdded, { at }: EventMeta): Members {
  const members = new Map(state.members);
  for (const member of event.members) {
    const ownReadUpTo = members.get(member.userId)?.ownReadUpTo ?? 0;
    members.set(member.userId, joined(member, at, event.readUpTo, ownReadUpTo));
  }
  return members;
}

const read = (state: ActiveChat, event: MessageRead, { actor }: EventMeta): Members =>
  changed(state, actor, { readUpTo: event.upTo });

function fullyRead(state: ActiveChat, event: MessagesFullyRead): Pick<ActiveChat, "members" | "fullyRead"> {
  return {
    fullyRead: { upTo: event.upTo, exceptAuthor: event.slowest },
    members:
      event.slowestUpTo > (state.members.get(event.slowest)?.ownReadUpTo ?? 0)
        ? changed(state, event.slowest, { ownReadUpTo: event.slowestUpTo })
        : state.members,
  };
}

function changed(state: ActiveChat, userId: string, change: Partial<Member>): Members {
  const member = state.members.get(userId);
  if (member === undefined) throw new Error(`user ${userId} was never a member`);
  return new Map(state.members).set(userId, { ...member, ...change });
}
