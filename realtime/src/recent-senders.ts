import { LRUCache } from "lru-cache";

/** Chats whose newest senders are remembered: those that are being read now. */
const MAX_CHATS = 5_000;
/** Readers are rarely further behind than this; what is older is read from the read models. */
const MAX_PER_CHAT = 512;

/** Who sent the newest messages of a chat, by seq. */
export interface RecentSenders {
  note(chatId: string, seq: number, senderId: string): void;
  senderOf(chatId: string, seq: number): string | undefined;
  /** The lowest seq that is remembered; infinite for a chat that is not. */
  firstOf(chatId: string): number;
}

interface Senders {
  first: number;
  ids: string[];
}

export function createRecentSenders(): RecentSenders {
  const chats = new LRUCache<string, Senders>({ max: MAX_CHATS });
  return {
    note(chatId, seq, senderId) {
      const known = chats.get(chatId);
      const next = known === undefined ? Number.NaN : known.first + known.ids.length;
      if (known === undefined || seq > next) {
        chats.set(chatId, { first: seq, ids: [senderId] });
      } else if (seq === next) {
        known.ids.push(senderId);
        if (known.ids.length < 2 * MAX_PER_CHAT) return;
        known.ids.splice(0, MAX_PER_CHAT);
        known.first += MAX_PER_CHAT;
      }
    },
    senderOf(chatId, seq) {
      const known = chats.get(chatId);
      return known?.ids[seq - known.first];
    },
    firstOf: (chatId) => chats.get(chatId)?.first ?? Number.POSITIVE_INFINITY,
  };
}
