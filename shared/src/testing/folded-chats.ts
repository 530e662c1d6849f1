import type { ChatObject } from "../api/chat-object.ts";
import type { MessageObject } from "../api/message-object.ts";
import type { Frame } from "./socket-client.ts";

/** What a client knows of its user's chats, in the plainest form: from a snapshot, and from every event since. */
export interface FoldedChats {
  /** A chat as GETs show it. */
  take(chat: ChatSnapshot): void;
  apply(frame: Frame): void;
  /** What is known now, in a form in which equal knowledge is equal. */
  known(): unknown;
}

export interface ChatSnapshot {
  readonly chat: Pick<ChatObject, "id" | "title" | "description">;
  readonly members: readonly { readonly user_id: string; readonly role: string; readonly read_up_to: number }[];
  readonly messages: readonly MessageObject[];
}

interface KnownChat {
  title: string | null;
  description: string | null;
  readonly members: Map<string, { role: string; readUpTo: number }>;
  readonly messages: Map<number, MessageObject>;
  /** The user was let in by an event: what was before he must fetch, so only what came since is compared. */
  readonly partial: boolean;
}

interface Told {
  readonly user_id: string;
  readonly seq: number;
  readonly title: string | null;
  readonly description: string | null;
  readonly role: string;
  readonly up_to: number;
  readonly message_ids: readonly string[];
  readonly files: MessageObject["files"];
}

export function createFoldedChats(userId: string): FoldedChats {
  const chats = new Map<string, KnownChat>();

  function applyTo(chat: KnownChat, { type, chat_id: chatId = "", payload }: Frame): void {
    // What the frames are checked against says who has which of these.
    const told = payload as unknown as Told;
    const member = chat.members.get(told.user_id) ?? { role: "member", readUpTo: 0 };
    switch (type) {
      case "new_message":
      case "message_updated": {
        const message = payload as unknown as MessageObject;
        const isRead = chat.messages.get(message.seq)?.is_read ?? message.is_read;
        chat.messages.set(message.seq, { ...message, is_read: isRead });
        return;
      }
      case "message_deleted": {
        const message = chat.messages.get(told.seq);
        if (message !== undefined) chat.messages.set(message.seq, { ...message, text: "", deleted: true, files: [] });
        return;
      }
      case "file_attached": {
        const message = chat.messages.get(told.seq);
        if (message === undefined) return;
        // A message that was told late has them already.
        const more = told.files.filter(({ id }) => message.files.every((file) => file.id !== id));
        chat.messages.set(message.seq, { ...message, files: [...message.files, ...more] });
        return;
      }
      case "update_chat":
        chat.title = told.title;
        chat.description = told.description;
        return;
      case "member_added":
        chat.members.set(told.user_id, { role: told.role, readUpTo: Math.max(0, ...chat.messages.keys()) });
        return;
      case "member_removed":
        chat.members.delete(told.user_id);
        if (told.user_id === userId) chats.delete(chatId);
        return;
      case "role_changed":
        chat.members.set(told.user_id, { ...member, role: told.role });
        return;
      case "read":
        chat.members.set(told.user_id, { ...member, readUpTo: told.up_to });
        return;
      case "fully_read":
        for (const message of chat.messages.values()) {
          if (told.message_ids.includes(message.id)) message.is_read = true;
        }
        return;
      case "delete_chat":
        chats.delete(chatId);
        return;
      default:
        throw new Error(`a client does not know ${type}`);
    }
  }

  return {
    take({ chat, members, messages }) {
      chats.set(chat.id, {
        title: chat.title,
        description: chat.description,
        members: new Map(members.map((one) => [one.user_id, { role: one.role, readUpTo: one.read_up_to }])),
        messages: new Map(messages.map((message) => [message.seq, { ...message }])),
        partial: false,
      });
    },

    apply(frame) {
      const { type, chat_id: chatId = "", version } = frame;
      if (type === "create_chat") {
        const chat = frame.payload as unknown as ChatObject;
        const members = new Map(
          chat.member_ids.map((id) => [id, { role: id === chat.creator_id ? "owner" : "member", readUpTo: 0 }]),
        );
        const { title, description } = chat;
        chats.set(chatId, { title, description, members, messages: new Map(), partial: version !== 1 });
        return;
      }
      const chat = chats.get(chatId);
      if (chat !== undefined && type !== "version") applyTo(chat, frame);
    },

    known: () =>
      [...chats]
        .map(([id, chat]) => ({
          id,
          title: chat.title,
          description: chat.description,
          ...(chat.partial ? {} : { ...knownOf(chat, userId) }),
        }))
        .sort((one, other) => one.id.localeCompare(other.id)),
  };
}

function knownOf({ members, messages }: KnownChat, userId: string) {
  const present = [...members].sort(([one], [other]) => Number(one) - Number(other));
  const sent = [...messages.values()].sort((one, other) => one.seq - other.seq);
  const readUpTo = members.get(userId)?.readUpTo ?? 0;
  return {
    members: present.map(([id, { role, readUpTo: upTo }]) => `${id} ${role} ${upTo}`),
    messages: sent.map(({ seq, sender_id, text, edited_at, deleted, reply_to, is_read, files }) => ({
      seq,
      sender_id,
      text,
      edited_at,
      deleted,
      reply_to,
      files,
      read_count: present.filter(([id, { readUpTo: upTo }]) => id !== sender_id && upTo >= seq).length,
      // Only authors are told.
      is_read: sender_id === userId ? is_read : null,
    })),
    unread: sent.filter(({ seq, sender_id, deleted }) => seq > readUpTo && sender_id !== userId && !deleted).length,
  };
}
