import type { EventFrame } from "@chat/shared/api/frames-to-clients";

/** Some megabytes. A chat whose frames wait that long is better fetched again. */
const MAX_WAITING = 10_000;

/** Keeps the frames of chats that are being fetched, so that they are applied to what was fetched. */
export interface WaitingFrames {
  /** Until `release`, the chat's frames wait. May be called several times. */
  hold(chatId: string): void;
  holds(chatId: string): boolean;
  /** True: it waits. */
  take(frame: EventFrame): boolean;
  /** Gives out what waits for nobody any more, in the order in which it came. */
  release(chatId: string): readonly EventFrame[];
  /** Too many wait: they were let go, and everything is to be fetched again. */
  overflowed(): boolean;
  /** What waits is known otherwise. Who held goes on holding. */
  clear(): void;
}

export function createWaitingFrames(): WaitingFrames {
  const holds = new Map<string, number>();
  let waiting: EventFrame[] = [];
  let lost = false;
  const isHeld = (chatId: string): boolean => holds.has(chatId);

  return {
    hold: (chatId) => void holds.set(chatId, (holds.get(chatId) ?? 0) + 1),
    holds: isHeld,
    take(frame) {
      if (!isHeld(frame.chat_id)) return false;
      waiting.push(frame);
      if (waiting.length > MAX_WAITING) {
        waiting = [];
        lost = true;
      }
      return true;
    },
    release(chatId) {
      const left = (holds.get(chatId) ?? 0) - 1;
      if (left > 0) holds.set(chatId, left);
      else holds.delete(chatId);
      const free = waiting.filter((frame) => !isHeld(frame.chat_id));
      waiting = waiting.filter((frame) => isHeld(frame.chat_id));
      return free;
    },
    overflowed() {
      const was = lost;
      lost = false;
      return was;
    },
    clear: () => void (waiting = []),
  };
}
