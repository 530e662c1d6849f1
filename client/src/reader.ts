import type { Backoff } from "./full-jitter.ts";
import type { HttpCalls } from "./http-calls.ts";
import { attemptOf, createSendQueues } from "./send-queues.ts";

export interface ReaderOptions {
  readonly calls: Pick<HttpCalls, "post">;
  readonly backoff: Backoff;
  readonly random: () => number;
  readonly signedOut: () => void;
}

/** Says how far one has read, until it was heard. Of several words about one chat the furthest counts. */
export interface Reader {
  markRead(chatId: string, upTo: number): void;
  start(): void;
  /** Ends the waiting: the way is open again. */
  goOn(): void;
  stop(): void;
}

export function createReader({ calls, ...options }: ReaderOptions): Reader {
  /** By chat id, what the server has not heard yet. */
  const wanted = new Map<string, number>();
  const queues = createSendQueues<string>({
    ...options,
    queueOf: (chatId) => chatId,
    attempt(chatId) {
      const upTo = wanted.get(chatId) ?? 0;
      // Somebody may have read on meanwhile.
      const settled = (): void => {
        if (wanted.get(chatId) === upTo) wanted.delete(chatId);
        else queues.add(chatId);
      };
      return attemptOf(() => calls.post(`/chats/${chatId}/read`, { up_to: upTo }), { sent: settled, refused: settled });
    },
  });

  return {
    markRead(chatId, upTo) {
      const told = wanted.get(chatId);
      if (told !== undefined && told >= upTo) return;
      wanted.set(chatId, upTo);
      if (told === undefined) queues.add(chatId);
    },
    start: queues.start,
    goOn: queues.goOn,
    stop: queues.stop,
  };
}
