import { type Backoff, fullJitter } from "./full-jitter.ts";
import { type HttpCalls, SignedOut } from "./http-calls.ts";
import { pause } from "./pause.ts";

export interface ReaderOptions {
  readonly calls: Pick<HttpCalls, "post">;
  readonly backoff: Backoff;
  readonly random: () => number;
}

/** Says how far one has read, until it was heard. Of several words about one chat the furthest counts. */
export interface Reader {
  markRead(chatId: string, upTo: number): void;
  stop(): void;
}

export function createReader({ calls, backoff, random }: ReaderOptions): Reader {
  const wanted = new Map<string, number>();
  const running = new Set<string>();
  const stopped = new AbortController();

  async function tell(chatId: string): Promise<void> {
    let failures = 0;
    for (let upTo = wanted.get(chatId); upTo !== undefined && !stopped.signal.aborted; upTo = wanted.get(chatId)) {
      const status = await calls.post(`/chats/${chatId}/read`, { up_to: upTo }).then(
        (answer) => answer.status,
        (error: unknown) => (error instanceof SignedOut ? "signed out" : "no answer"),
      );
      if (status === "signed out") break;
      if (status === "no answer" || status >= 500 || status === 429 || status === 401) {
        await pause(fullJitter(failures, backoff, random), stopped.signal);
        failures += 1;
      } else if (wanted.get(chatId) === upTo) wanted.delete(chatId);
    }
    running.delete(chatId);
  }

  return {
    markRead(chatId, upTo) {
      if ((wanted.get(chatId) ?? 0) >= upTo) return;
      wanted.set(chatId, upTo);
      if (running.has(chatId)) return;
      running.add(chatId);
      void tell(chatId);
    },
    stop: () => stopped.abort(),
  };
}
