import type { EventFrame } from "@chat/shared/api/frames-to-clients";
import { chatObject } from "@chat/shared/api/chat-object";
import type { ListedChat } from "@chat/shared/api/listed-chat";
import { messageObject, type MessageObject } from "@chat/shared/api/message-object";
import type { FetchedChat } from "../apply-fetched.ts";
import type { Role } from "../state.ts";

export const me = "1";
const chatId = "0197a3c0-0000-7000-8000-000000000001";
const time = new Date(0).toISOString();
const PAGE = 100;

/** `who` and `what` are any numbers: they are taken modulo what there is. */
export interface Step {
  readonly kind: "send" | "edit" | "delete" | "attach" | "read" | "add" | "remove" | "role" | "rename";
  readonly who: number;
  readonly what: number;
}

interface Member {
  readonly role: Role;
  readonly readUpTo: number;
}

interface Message {
  readonly sender: string;
  text: string;
  edited: boolean;
  deleted: boolean;
  fullyRead: boolean;
  files: number;
}

/** A server with one chat, in the fewest words: what is true in it, and what `me`, who is always in, is told of each step. */
export function createModelChat() {
  const members = new Map<string, Member>(
    [me, "2", "3"].map((id) => [id, { role: id === me ? "owner" : "member", readUpTo: 0 }]),
  );
  const everybody = ["2", "3", "4", "5"];
  const messages: Message[] = [];
  let title = "the team";
  let version = 1;

  const memberIds = (): string[] => [...members.keys()];
  const chat = () =>
    chatObject({
      chatId,
      chatType: "group",
      title,
      description: null,
      avatar: null,
      creatorId: me,
      memberIds: memberIds(),
      createdAt: time,
      updatedAt: time,
      version,
    });
  const message = (seq: number): MessageObject => {
    const { sender, text, edited, deleted, fullyRead, files } = messages[seq - 1] ?? nobodys;
    return messageObject({
      chatId,
      seq,
      senderId: sender,
      text,
      clientMessageId: null,
      replyTo: null,
      sentAt: time,
      editedAt: edited ? time : null,
      deleted,
      fullyRead,
      readCount: 0,
      files: Array.from({ length: files }, (_, index) => file(index + 1)),
    });
  };
  const readUpToOf = (id: string): number => members.get(id)?.readUpTo ?? 0;
  const unread = (): number =>
    messages.filter(({ sender, deleted }, index) => sender !== me && !deleted && index + 1 > readUpToOf(me)).length;

  function event(rest: object): EventFrame {
    version += 1;
    return { chat_id: chatId, version, at: String(version), ...rest } as EventFrame;
  }

  /** In the batch of what made it so; whose messages they are not hears of the version alone. */
  function fullyRead(): EventFrame[] {
    const now = messages.filter(
      (one, index) =>
        !one.fullyRead &&
        members.size > 1 &&
        memberIds().every((id) => id === one.sender || readUpToOf(id) >= index + 1),
    );
    if (now.length === 0) return [];
    for (const one of now) one.fullyRead = true;
    const mine = messages.flatMap((one, index) => (now.includes(one) && one.sender === me ? [index + 1] : []));
    const upTo = mine.at(-1);
    if (upTo === undefined) return [event({ type: "version" })];
    const ids = mine.map((seq) => `${chatId}.${seq}`);
    return [event({ type: "fully_read", payload: { message_ids: ids, up_to: upTo } })];
  }

  function step({ kind, who, what }: Step): EventFrame[] {
    const ids = memberIds();
    const user = ids[who % ids.length] ?? me;
    const seq = messages.length === 0 ? 0 : (what % messages.length) + 1;
    const named = messages[seq - 1];
    switch (kind) {
      case "send":
        messages.push({
          sender: user,
          text: `text ${what}`,
          edited: false,
          deleted: false,
          fullyRead: false,
          files: 0,
        });
        return [event({ type: "new_message", seq: messages.length, payload: message(messages.length) })];
      case "edit":
        if (named === undefined || named.deleted) return [];
        Object.assign(named, { text: `edited ${what}`, edited: true });
        return [event({ type: "message_updated", seq, payload: message(seq) })];
      case "delete":
        if (named === undefined || named.deleted) return [];
        named.deleted = true;
        return [
          event({ type: "message_deleted", seq, payload: { message_id: `${chatId}.${seq}`, seq, by: named.sender } }),
        ];
      case "attach": {
        if (named === undefined || named.deleted) return [];
        named.files += 1;
        const files = message(seq).files.slice(-1);
        const payload = { message_id: `${chatId}.${seq}`, seq, files, by: named.sender };
        return [event({ type: "file_attached", seq, payload })];
      }
      case "read": {
        const member = members.get(user);
        if (member === undefined || seq <= member.readUpTo) return [];
        members.set(user, { ...member, readUpTo: seq });
        const payload = { user_id: user, up_to: seq, message_id: `${chatId}.${seq}` };
        return [event({ type: "read", payload }), ...fullyRead()];
      }
      case "add": {
        const added = everybody.filter((id) => !members.has(id)).slice(0, 1 + (what % 2));
        if (added.length === 0) return [];
        for (const id of added) members.set(id, { role: "member", readUpTo: messages.length });
        version += 1;
        return added.map((id) => {
          version -= 1;
          return event({ type: "member_added", payload: { user_id: id, name: `user ${id}`, role: "member", by: me } });
        });
      }
      case "remove":
        if (user === me || members.size <= 2) return [];
        members.delete(user);
        return [event({ type: "member_removed", payload: { user_id: user, by: me } }), ...fullyRead()];
      case "role": {
        const role = what % 2 === 0 ? "admin" : "member";
        members.set(user, { role, readUpTo: readUpToOf(user) });
        return [event({ type: "role_changed", payload: { user_id: user, role, by: me } })];
      }
      case "rename":
        title = `title ${what}`;
        return [event({ type: "update_chat", payload: { ...chat(), version: version + 1 } })];
      default:
        return kind satisfies never;
    }
  }

  const newest = (): MessageObject[] => messages.map((_, index) => message(index + 1)).slice(-PAGE);
  return {
    chatId,
    step,
    /** From a seq up to another. */
    history: (from: number, to: number): MessageObject[] =>
      messages.map((_, index) => message(index + 1)).slice(from - 1, to),
    listed: (): ListedChat => ({
      ...chat(),
      last_message: newest().at(-1) ?? null,
      unread_count: unread(),
      my_role: members.get(me)?.role ?? "member",
      read_up_to: readUpToOf(me),
    }),
    parts: {
      chat,
      messages: newest,
      unread,
      members: (): FetchedChat["members"] =>
        [...members].map(([id, { role, readUpTo }]) => ({
          user_id: id,
          id,
          name: `user ${id}`,
          role,
          read_up_to: readUpTo,
          joined_at: time,
        })),
    },
  };
}

const nobodys: Message = { sender: "", text: "", edited: false, deleted: false, fullyRead: false, files: 0 };
const file = (number: number) => ({ number, name: `file ${number}`, type: "image/png", size: number });
