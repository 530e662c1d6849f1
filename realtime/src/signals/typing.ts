/** As long as somebody types, his client says so again and again; it is told to the others at most this often. */
const TOLD_EVERY_MS = 3_000;
/** Twice as long: who has not said it again by then types no more, or his client is gone. */
const ENDS_AFTER_MS = 6_000;
/**
 * Starting is told at most once in this time, so stopping too: each of it goes to everybody in the chat. Who starts again
 * within it is told of as soon as it is over, unless he has stopped by then: the last that was said always holds.
 */
const START_EVERY_MS = 1_000;
/** A person types in one chat at a time, on a few devices. What goes on in further ones is not told. */
const MAX_CHATS_PER_USER = 10;

export interface TypingChange {
  readonly userId: string;
  readonly chatId: string;
  readonly isTyping: boolean;
}

/** Who types here, by what their sockets say: few changes come out of it, however many go in. */
export interface Typing {
  say(socket: object, change: TypingChange): void;
  /** Whatever was typed on this socket ends. */
  socketEnded(socket: object, userId: string): void;
  /** Ends what was not said again, and tells what had to wait. To be called several times a second. */
  tick(): void;
}

interface State {
  /** Who said it last; null: he types no more. */
  socket: object | null;
  saidAt: number;
  /** Whether the others take him for typing. */
  told: boolean;
  /** When they were last told that he types. */
  toldAt: number;
}

export function createTyping(
  tell: (change: TypingChange) => void,
  now: () => number = () => performance.now(),
): Typing {
  const users = new Map<string, Map<string, State>>();

  function start(socket: object, userId: string, chatId: string): void {
    const chats = users.get(userId) ?? new Map<string, State>();
    let state = chats.get(chatId);
    if (state === undefined) {
      if (chats.size >= MAX_CHATS_PER_USER) return;
      state = { socket, saidAt: 0, told: false, toldAt: Number.NEGATIVE_INFINITY };
      users.set(userId, chats.set(chatId, state));
    }
    state.socket = socket;
    state.saidAt = now();
    if (now() - state.toldAt >= (state.told ? TOLD_EVERY_MS : START_EVERY_MS)) tellStart(userId, chatId, state);
  }

  function tellStart(userId: string, chatId: string, state: State): void {
    state.told = true;
    state.toldAt = now();
    tell({ userId, chatId, isTyping: true });
  }

  function end(userId: string, chatId: string, state: State): void {
    state.socket = null;
    if (!state.told) return;
    state.told = false;
    tell({ userId, chatId, isTyping: false });
  }

  return {
    say(socket, { userId, chatId, isTyping }) {
      if (isTyping) {
        start(socket, userId, chatId);
        return;
      }
      const state = users.get(userId)?.get(chatId);
      if (state !== undefined && state.socket !== null) end(userId, chatId, state);
    },

    socketEnded(socket, userId) {
      for (const [chatId, state] of users.get(userId) ?? []) if (state.socket === socket) end(userId, chatId, state);
    },

    tick() {
      for (const [userId, chats] of users) {
        for (const [chatId, state] of chats) {
          if (state.socket !== null && now() - state.saidAt >= ENDS_AFTER_MS) end(userId, chatId, state);
          if (now() - state.toldAt < START_EVERY_MS) continue;
          if (state.socket === null) chats.delete(chatId);
          else if (!state.told) tellStart(userId, chatId, state);
        }
        if (chats.size === 0) users.delete(userId);
      }
    },
  };
}
