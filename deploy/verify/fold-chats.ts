import type { ChatType, NewMember, Role } from "@chat/shared/events/chat-events";
import type { ChatEventRecord } from "@chat/shared/events/event-record";

/** What the log says of a chat, as far as rows of the read models repeat it. Written anew here: who checks must not use what is checked. */
export interface FoldedChat {
  readonly chatId: string;
  version: number;
  lastSeq: number;
  chatType: ChatType;
  title: string | null;
  description: string | null;
  avatar: string | null;
  creatorId: string;
  createdAt: number;
  updatedAt: number;
  activeAt: number;
  deleted: boolean;
  fullyReadUpTo: number;
  fullyReadExcept: string | null;
  readonly members: Map<string, FoldedMember>;
  /** Events, and messages sent, as many as there are. */
  events: number;
  messages: number;
  /** Keyed commands, each counted once. */
  commands: number;
  lastCommandId: string;
  lastOffset: number;
  /** Versions of the last event that let somebody in, and of the last one that may have made messages fully read. */
  joinedIn: number;
  decidedIn: number;
}

export interface FoldedMember {
  readonly userId: string;
  role: Role;
  active: boolean;
  joinedAt: number;
  readUpTo: number;
  ownReadUpTo: number;
  /** Memberships in versions; the last one may be open. */
  readonly spans: { readonly from: number; to: number | null }[];
}

export interface ChatFold {
  /** Takes the next event of a chat. Says what is wrong with it; then the event still counts as far as that makes sense. */
  apply(record: ChatEventRecord, offset: number): readonly string[];
  /** Whether the event is its command's first, asked before it is applied. */
  beginsCommand(record: ChatEventRecord): boolean;
  chats(): ReadonlyMap<string, FoldedChat>;
  /** Chats, members and memberships that are held. */
  held(): number;
}

export function createChatFold(): ChatFold {
  const chats = new Map<string, FoldedChat>();
  let held = 0;

  function letIn(
    chat: FoldedChat,
    { version, at }: ChatEventRecord,
    { userId, role }: NewMember,
    readUpTo: number,
  ): void {
    const before = chat.members.get(userId);
    if (before === undefined) held += 1;
    const joined = { role, active: true, joinedAt: Date.parse(at), readUpTo };
    const member = before ?? { userId, ownReadUpTo: 0, spans: [], ...joined };
    Object.assign(member, joined);
    member.spans.push({ from: version, to: null });
    held += 1;
    chat.members.set(userId, member);
    chat.joinedIn = version;
  }

  return {
    beginsCommand: (record) => chats.get(record.chatId)?.lastCommandId !== record.commandId,

    apply(record, offset) {
      const faults: string[] = [];
      const { chatId, event, version, actor } = record;
      const at = Date.parse(record.at);
      let chat = chats.get(chatId);
      if (chat === undefined) {
        if (event.type !== "ChatCreated") faults.push(`the chat's first event is ${event.type}`);
        chat = emptyChat(record);
        chats.set(chatId, chat);
        held += 1;
      } else if (event.type === "ChatCreated") faults.push("the chat is created a second time");
      if (version !== chat.version + 1) faults.push(`version ${version} follows version ${chat.version}`);
      if (chat.deleted) faults.push(`${event.type} after the chat's end`);
      if (record.idempotencyKey !== null && chat.lastCommandId !== record.commandId) chat.commands += 1;
      chat.events += 1;
      chat.version = version;
      chat.lastCommandId = record.commandId;
      chat.lastOffset = offset;

      switch (event.type) {
        case "ChatCreated":
          chat.chatType = event.chatType;
          chat.title = event.content.title;
          chat.description = event.content.description;
          for (const member of event.members) letIn(chat, record, member, 0);
          break;
        case "ChatRenamed":
          if (event.avatar !== undefined) chat.avatar = event.avatar;
          if (event.content.title !== undefined) chat.title = event.content.title;
          if (event.content.description !== undefined) chat.description = event.content.description;
          chat.updatedAt = at;
          break;
        case "ChatDeleted":
          chat.deleted = true;
          chat.updatedAt = at;
          for (const member of chat.members.values()) letOut(member, version);
          break;
        case "MembersAdded":
          if (event.readUpTo !== chat.lastSeq)
            faults.push(`newcomers have read up to ${event.readUpTo} of ${chat.lastSeq}`);
          for (const member of event.members) letIn(chat, record, member, event.readUpTo);
          chat.updatedAt = at;
          break;
        case "MemberRemoved":
        case "MemberLeft": {
          const member = chat.members.get(event.userId);
          if (member?.active !== true) faults.push(`user ${event.userId}, who is no member, goes`);
          else letOut(member, version);
          chat.updatedAt = at;
          chat.decidedIn = version;
          break;
        }
        case "MemberRoleChanged": {
          const member = chat.members.get(event.userId);
          if (member === undefined) faults.push(`user ${event.userId}, who never was a member, gets a role`);
          else member.role = event.role;
          chat.updatedAt = at;
          break;
        }
        case "MessageSent":
          if (event.seq !== chat.lastSeq + 1) faults.push(`seq ${event.seq} follows seq ${chat.lastSeq}`);
          if (chat.members.get(actor)?.active !== true) faults.push(`user ${actor}, who is no member, sends a message`);
          chat.lastSeq = event.seq;
          chat.messages += 1;
          chat.activeAt = at;
          break;
        case "MessageEdited":
        case "MessageDeleted":
        case "FileAttached":
          if (event.seq < 1 || event.seq > chat.lastSeq) faults.push(`there is no message with seq ${event.seq}`);
          break;
        case "MessageRead": {
          const member = chat.members.get(actor);
          if (member?.readUpTo !== event.from || event.upTo <= event.from || event.upTo > chat.lastSeq) {
            const was = member?.readUpTo ?? "nowhere";
            faults.push(
              `user ${actor}, who was at ${was}, reads from ${event.from} to ${event.upTo} of ${chat.lastSeq}`,
            );
          }
          if (member !== undefined) member.readUpTo = event.upTo;
          chat.decidedIn = version;
          break;
        }
        case "MessagesFullyRead": {
          if (event.from !== chat.fullyReadUpTo || event.upTo < event.from) {
            faults.push(`fully read from ${event.from} to ${event.upTo}, where it was ${chat.fullyReadUpTo}`);
          }
          chat.fullyReadUpTo = event.upTo;
          chat.fullyReadExcept = event.slowest;
          const slowest = chat.members.get(event.slowest);
          if (slowest !== undefined) slowest.ownReadUpTo = Math.max(slowest.ownReadUpTo, event.slowestUpTo);
          break;
        }
        default:
          event satisfies never;
      }
      return faults;
    },

    chats: () => chats,
    held: () => held,
  };
}

function letOut(member: FoldedMember, version: number): void {
  member.active = false;
  const span = member.spans.at(-1);
  if (span?.to === null) span.to = version;
}

function emptyChat({ chatId, actor, at }: ChatEventRecord): FoldedChat {
  const createdAt = Date.parse(at);
  return {
    chatId,
    version: 0,
    lastSeq: 0,
    chatType: "group",
    title: null,
    description: null,
    avatar: null,
    creatorId: actor,
    createdAt,
    updatedAt: createdAt,
    activeAt: createdAt,
    deleted: false,
    fullyReadUpTo: 0,
    fullyReadExcept: null,
    members: new Map(),
    events: 0,
    messages: 0,
    commands: 0,
    lastCommandId: "",
    lastOffset: 0,
    joinedIn: 0,
    decidedIn: 0,
  };
}
