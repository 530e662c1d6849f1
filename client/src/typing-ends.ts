import type { SignalFrame } from "@chat/shared/api/frames-to-clients";

/** The server ends it after six; a little more for the way. */
const ENDS_AFTER_MS = 8_000;

/** Ends what others typed when it was not said again: whoever should have said that it ended may be gone. */
export interface TypingEnds {
  heard(frame: SignalFrame): void;
  clear(): void;
}

export function createTypingEnds(ended: (chatId: string, userId: string) => void): TypingEnds {
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  return {
    heard(frame) {
      if (frame.type !== "typing") return;
      const { user_id: userId, is_typing: isTyping } = frame.payload;
      const chatId = frame.chat_id;
      const key = `${chatId} ${userId}`;
      clearTimeout(timers.get(key));
      timers.delete(key);
      if (!isTyping) return;
      const timer = setTimeout(() => {
        timers.delete(key);
        ended(chatId, userId);
      }, ENDS_AFTER_MS);
      timers.set(key, timer);
    },
    clear() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
