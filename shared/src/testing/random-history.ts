import fc from "fast-check";
import { type AttachedFile, attachedFiles } from "../events/attached-files.ts";
import type { ChatEvent, MessageFacts, Role } from "../events/chat-events.ts";
import type { ChatEventRecord } from "../events/event-record.ts";

/** One attempt to do something; whether and to whom it happens depends on what is there at that moment. */
export interface HistoryStep {
  readonly kind: (typeof kinds)[number];
  readonly chat: number;
  readonly user: number;
  readonly pick: number;
}

const kinds = [
  "create",
  "add",
  "remove",
  "leave",
  "role",
  "rename",
  "send",
  "edit",
  "delete",
  "attach",
  "read",
  "end",
] as const;
/** How often each kind is tried; what happens all the time in life happens often here. */
const weights = [10, 20, 10, 10, 5, 5, 70, 15, 15, 15, 50, 1] as const;

const CHATS = 2;
/** Few, so that the same ones meet, leave and return. */
const USERS = 4;

/** Steps that `playHistory` makes a valid history of. Shrinks to few. */
export const historySteps: fc.Arbitrary<HistoryStep[]> = fc.array(
  fc.record({
    kind: fc.oneof(...kinds.map((kind, index) => ({ arbitrary: fc.constant(kind), weight: weights[index] ?? 1 }))),
    chat: fc.nat(CHATS - 1),
    user: fc.nat(USERS - 1),
    pick: fc.nat(1_000),
  }),
  { minLength: 10, maxLength: 120, size: "max" },
);

/** What is true of a chat after the history, kept in the plainest way: the truth that rows are measured by. */
export interface PlainChat {
  readonly chatId: string;
  version: number;
  ended: boolean;
  readonly members: Map<string, PlainMember>;
  readonly messages: PlainMessage[];
}

export interface PlainMember {
  in: boolean;
  role: Role;
  readUpTo: number;
  readonly spans: { readonly from: number; to: number | null }[];
}

export interface PlainMessage {
  readonly senderId: string;
  text: string;
  deleted: boolean;
  fullyRead: boolean;
  files: AttachedFile[];
}

/** Messages of others beyond the member's pointer that were not taken back. */
export function countUnread(chat: PlainChat, userId: string): number {
  const readUpTo = chat.members.get(userId)?.readUpTo ?? 0;
  return chat.messages.filter(
    (message, index) => index + 1 > readUpTo && message.senderId !== userId && !message.deleted,
  ).length;
}

/** The records that the steps lead to, in order, and the chats afterwards. */
export function playHistory(steps: readonly HistoryStep[]): {
  readonly records: readonly ChatEventRecord[];
  readonly chats: readonly PlainChat[];
} {
  const records: ChatEventRecord[] = [];
  const chats = new Map<number, PlainChat>();

  function happen(chat: PlainChat, actor: string, event: ChatEvent): void {
    chat.version += 1;
    const number = records.length + 1;
    const keyed = number % 3 !== 0;
    records.push({
      id: `01890000-0000-7000-8000-${String(number).padStart(12, "0")}`,
      chatId: chat.chatId,
      version: chat.version,
      actor,
      at: new Date(Date.UTC(2026, 0, 1) + number * 1_000).toISOString(),
      commandId: `command-${number}`,
      idempotencyKey: keyed ? `key-${number}` : null,
      requestHash: keyed ? `hash-${number}` : null,
      traceParent: null,
      event,
    });
  }

  for (const step of steps) {
    const known = chats.get(step.chat);
    if (known === undefined) {
      chats.set(step.chat, createChat(step, happen));
    } else if (!known.ended) {
      play(known, step, happen);
    }
  }
  return { records, chats: [...chats.values()] };
}

type Happen = (chat: PlainChat, actor: string, event: ChatEvent) => void;

const userId = (index: number): string => String((index % USERS) + 1);

function createChat(step: HistoryStep, happen: Happen): PlainChat {
  const actor = userId(step.user);
  const chatId = `01890000-0000-7000-9000-${String(step.chat).padStart(12, "0")}`;
  const chat: PlainChat = { chatId, version: 0, ended: false, members: new Map(), messages: [] };
  const ids = [actor, userId(step.user + 1 + (step.pick % (USERS - 1)))];
  const members = ids.map((id, index) => ({
    userId: id,
    role: index === 0 ? ("owner" as const) : ("member" as const),
  }));
  happen(chat, actor, { type: "ChatCreated", chatType: "group", members, content: { title: "t", description: null } });
  for (const member of members) letIn(chat, member.userId, member.role, 0);
  return chat;
}

function letIn(chat: PlainChat, id: string, role: Role, readUpTo: number): void {
  const spans = [...(chat.members.get(id)?.spans ?? []), { from: chat.version, to: null }];
  chat.members.set(id, { in: true, role, readUpTo, spans });
}

function play(chat: PlainChat, { kind, user, pick }: HistoryStep, happen: Happen): void {
  const id = userId(user);
  const member = chat.members.get(id);
  const isIn = member?.in === true;
  const lastSeq = chat.messages.length;
  const others = [...chat.members].filter(([other, { in: present }]) => present && other !== id);
  const seq = lastSeq === 0 ? 0 : (pick % lastSeq) + 1;
  const message = chat.messages[seq - 1];
  switch (kind) {
    case "create":
    case "add": {
      if (isIn) return;
      const role: Role = pick % 5 === 0 ? "admin" : "member";
      happen(chat, others[0]?.[0] ?? id, { type: "MembersAdded", members: [{ userId: id, role }], readUpTo: lastSeq });
      letIn(chat, id, role, lastSeq);
      return;
    }
    case "remove":
    case "leave": {
      if (!isIn || others.length === 0) return;
      if (kind === "leave") happen(chat, id, { type: "MemberLeft", userId: id });
      else happen(chat, others[0]?.[0] ?? id, { type: "MemberRemoved", userId: id });
      member.in = false;
      endSpan(member, chat.version);
      settle(chat, id, happen);
      return;
    }
    case "role":
      if (!isIn) return;
      member.role = pick % 2 === 0 ? "admin" : "member";
      happen(chat, id, { type: "MemberRoleChanged", userId: id, role: member.role });
      return;
    case "rename":
      if (!isIn) return;
      happen(chat, id, {
        type: "ChatRenamed",
        ...(pick % 3 === 0 ? { avatar: `file-${pick}` } : {}),
        content: pick % 2 === 0 ? { title: `t${pick}` } : { description: pick % 5 === 0 ? null : "d" },
      });
      return;
    case "send":
      if (!isIn) return;
      happen(chat, id, {
        type: "MessageSent",
        seq: lastSeq + 1,
        replyTo: pick % 4 === 0 && seq > 0 ? seq : null,
        content: { text: `m${pick}` },
      });
      chat.messages.push({ senderId: id, text: `m${pick}`, deleted: false, fullyRead: false, files: [] });
      return;
    case "edit":
      if (!isIn || message === undefined || message.deleted) return;
      happen(chat, message.senderId, {
        type: "MessageEdited",
        seq,
        message: factsOf(message),
        content: { text: `e${pick}`, names: namesOf(message) },
      });
      message.text = `e${pick}`;
      return;
    case "delete":
      if (!isIn || message === undefined || message.deleted) return;
      happen(chat, id, { type: "MessageDeleted", seq, senderId: message.senderId });
      message.text = "";
      message.deleted = true;
      message.files = [];
      return;
    case "attach": {
      if (!isIn || message === undefined || message.deleted) return;
      const number = message.files.length + 1;
      const file = { number, key: `key-${chat.version}`, type: "image/png", size: pick };
      const event = { type: "FileAttached", seq, files: [file], content: { names: [`f${pick}`] } } as const;
      message.files.push(...attachedFiles(event, chat.version + 1));
      const whole = {
        message: { ...factsOf(message), editedAt: null },
        content: { ...event.content, message: { text: message.text, names: namesOf(message) } },
      };
      // Some are as they were stored when they did not say what the message was.
      happen(chat, message.senderId, pick % 3 === 0 ? event : { ...event, ...whole });
      return;
    }
    case "read": {
      if (!isIn || member.readUpTo >= lastSeq) return;
      const from = member.readUpTo;
      // Many readers read to the end, as in life.
      const upTo = pick % 3 === 0 ? lastSeq : from + 1 + (pick % (lastSeq - from));
      happen(chat, id, { type: "MessageRead", from, upTo, named: null });
      member.readUpTo = upTo;
      settle(chat, id, happen);
      return;
    }
    case "end":
      if (!isIn) return;
      happen(chat, id, { type: "ChatDeleted" });
      chat.ended = true;
      for (const each of chat.members.values()) {
        each.in = false;
        endSpan(each, chat.version);
      }
      return;
    default:
      kind satisfies never;
  }
}

const factsOf = ({ senderId, files, fullyRead }: PlainMessage): MessageFacts => ({
  senderId,
  sentAt: "2026-01-01T00:00:00.000Z",
  replyTo: null,
  clientMessageId: null,
  files: files.map(({ number, key, type, size }) => ({ number, key, type, size })),
  readCount: 0,
  fullyRead,
});

const namesOf = ({ files }: PlainMessage): string[] => files.map(({ name }) => name);

function endSpan(member: PlainMember, version: number): void {
  const last = member.spans.at(-1);
  if (last?.to === null) last.to = version;
}

/** Says which messages have become fully read, as watermarks. */
function settle(chat: PlainChat, actor: string, happen: Happen): void {
  const present = [...chat.members].filter(([, member]) => member.in);
  const [slowest, next] = present.toSorted(([, one], [, other]) => one.readUpTo - other.readUpTo);
  if (slowest === undefined || next === undefined) return;
  const upTo = slowest[1].readUpTo;
  const slowestUpTo = next[1].readUpTo;
  const become = chat.messages.filter(
    ({ senderId, fullyRead }, index) => !fullyRead && index + 1 <= (senderId === slowest[0] ? slowestUpTo : upTo),
  );
  if (become.length === 0) return;
  happen(chat, actor, {
    type: "MessagesFullyRead",
    from: 0,
    upTo,
    slowest: slowest[0],
    slowestFrom: 0,
    slowestUpTo,
    former: null,
  });
  for (const message of become) message.fullyRead = true;
}
