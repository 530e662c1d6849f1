import { LRUCache } from "lru-cache";
import type { ChatEventRecord } from "@chat/shared/events/event-record";
import { evolveMessage } from "../domain/chat/evolve-message.ts";
import { evolve } from "../domain/chat/evolve.ts";
import {
  initialState,
  type ActiveChat,
  type ChatState,
  type DeletedChat,
  type MessageState,
} from "../domain/chat/state.ts";
import { messageKey, type Snapshot } from "./look-ups.ts";
import type { PartitionTail, TailEvent } from "./partition-tail.ts";

/** A snapshot of the read models that was asked for on behalf of one command. */
export interface Found {
  /** The partition's projected offset in that snapshot. */
  readonly offset: number;
  readonly snapshot: Snapshot;
  readonly hasChat: boolean;
  readonly hasKey: boolean;
  /** The seq that was asked for, null when none. */
  readonly seq: number | null;
}

/**
 * The newest settled state of the partition's chats: what the read models hold ⊕ the tail.
 *
 * Chats that were needed lately are kept whole and are evolved with each settled event; all others are put together
 * anew from a snapshot. A snapshot that lies below the tail's start proves nothing: `undefined` says "read again".
 */
export interface ChatView {
  chat(chatId: string, found: Found | null): ChatState | undefined;
  /** `null`: there is no such message. */
  message(chatId: string, seq: number, found: Found | null): MessageState | null | undefined;
  /** Takes in a chat as a settled batch of ours left it. */
  keep(chatId: string, state: ActiveChat | DeletedChat): void;
  /** Takes in an event that was settled by a writer before us, or by us with its answer lost. */
  learn(record: ChatEventRecord): void;
  clear(): void;
}

/** What a cached chat costs, about: the object itself, and each of its members. */
const chatBytes = 600;
const memberBytes = 160;

export function createChatView(tail: () => PartitionTail, maxBytes: number): ChatView {
  const cache = new LRUCache<string, ChatState & object>({
    maxSize: maxBytes,
    sizeCalculation: (state) => chatBytes + (state.status === "active" ? state.members.size * memberBytes : 0),
  });

  return {
    chat(chatId, found) {
      const cached = cache.get(chatId);
      if (cached !== undefined) return cached;
      if (found?.hasChat !== true || found.offset < tail().start()) return undefined;
      const state = foldChat(found.snapshot.chats.get(chatId) ?? initialState, tail().eventsOf(chatId));
      if (state.status !== "absent") cache.set(chatId, state);
      return state;
    },

    message(chatId, seq, found) {
      const events = tail().eventsOf(chatId);
      const sentInTail = events.some(({ record }) => record.event.type === "MessageSent" && record.event.seq === seq);
      if (sentInTail) return foldMessage(undefined, events, 0, seq) ?? null;
      if (found?.seq !== seq || found.offset < tail().start()) return undefined;
      return foldMessage(found.snapshot.messages.get(messageKey({ chatId, seq })), events, found.offset, seq) ?? null;
    },

    keep: (chatId, state) => {
      cache.set(chatId, state);
    },

    learn(record) {
      const cached = cache.get(record.chatId);
      if (cached !== undefined) cache.set(record.chatId, apply(cached, record));
    },

    clear: () => {
      cache.clear();
    },
  };
}

/** Evolves by a record that follows on; one that the state has already seen changes nothing. */
export function apply(state: ChatState, record: ChatEventRecord): ChatState {
  if (record.version <= state.version) return state;
  if (record.version !== state.version + 1) {
    throw new Error(
      `chat ${record.chatId} is at version ${String(state.version)}, cannot take ${String(record.version)}`,
    );
  }
  return evolve(state, record.event, record);
}

function foldChat(state: ChatState, events: readonly TailEvent[]): ChatState {
  return events.reduce((folded, { record }) => apply(folded, record), state);
}

export function applyToMessage(
  message: MessageState | undefined,
  record: ChatEventRecord,
  seq: number,
): MessageState | undefined {
  return "seq" in record.event && record.event.seq === seq ? evolveMessage(message, record.event, record) : message;
}

function foldMessage(
  message: MessageState | undefined,
  events: readonly TailEvent[],
  from: number,
  seq: number,
): MessageState | undefined {
  return events.reduce(
    (folded, { offset, record }) => (offset < from ? folded : applyToMessage(folded, record, seq)),
    message,
  );
}
