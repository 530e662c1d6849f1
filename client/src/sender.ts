import type { MessageObject } from "@chat/shared/api/message-object";
import type { ProblemObject } from "@chat/shared/api/problem-object";
import { type Backoff, fullJitter } from "./full-jitter.ts";
import { type Answer, type HttpCalls, SignedOut } from "./http-calls.ts";
import type { NewMessage } from "./outgoing.ts";
import { pause } from "./pause.ts";

export interface SenderOptions {
  readonly calls: Pick<HttpCalls, "post">;
  readonly backoff: Backoff;
  readonly random: () => number;
  readonly sent: (clientMessageId: string, message: MessageObject) => void;
  readonly refused: (clientMessageId: string, problem: ProblemObject) => void;
  /** No token is to be had: what waits stays, until somebody calls `goOn`. */
  readonly signedOut: () => void;
}

/**
 * Sends what was written, in order per chat, each until it is answered: for ever. Sent again with the same client message
 * id it is the same message, so whatever became of an attempt, the next one is safe.
 */
export interface Sender {
  send(message: NewMessage): void;
  /** Ends the waiting: the way is open again. */
  goOn(): void;
  stop(): void;
}

export function createSender(options: SenderOptions): Sender {
  const queues = new Map<string, NewMessage[]>();
  const running = new Set<string>();
  const stopped = new AbortController();
  let waiting = new AbortController();

  async function drain(chatId: string, queue: NewMessage[]): Promise<void> {
    let failures = 0;
    for (let next = queue[0]; next !== undefined && !stopped.signal.aborted; next = queue[0]) {
      const outcome = await attempt(next);
      if (outcome.kind === "signed out") {
        running.delete(chatId);
        options.signedOut();
        return;
      }
      if (outcome.kind === "again") {
        const ms = Math.max(outcome.afterMs, fullJitter(failures, options.backoff, options.random));
        failures += 1;
        await pause(ms, waiting.signal);
        continue;
      }
      failures = 0;
      queue.shift();
      if (outcome.kind === "sent") options.sent(next.clientMessageId, outcome.message);
      else options.refused(next.clientMessageId, outcome.problem);
    }
    // Both at once: whatever is sent from here on starts anew.
    if (queue.length === 0) queues.delete(chatId);
    running.delete(chatId);
  }

  async function attempt({ chatId, text, clientMessageId, replyTo }: NewMessage): Promise<Outcome> {
    const body = { text, client_message_id: clientMessageId, ...(replyTo === null ? {} : { reply_to: replyTo }) };
    try {
      return outcomeOf(await options.calls.post<MessageObject>(`/chats/${chatId}/messages`, body));
    } catch (error) {
      // No answer, or none that can be read: nobody knows what became of it.
      return error instanceof SignedOut ? { kind: "signed out" } : { kind: "again", afterMs: 0 };
    }
  }

  function start(chatId: string): void {
    const queue = queues.get(chatId);
    if (queue === undefined || running.has(chatId) || stopped.signal.aborted) return;
    running.add(chatId);
    void drain(chatId, queue);
  }

  return {
    send(message) {
      const queue = queues.get(message.chatId);
      if (queue === undefined) queues.set(message.chatId, [message]);
      else queue.push(message);
      start(message.chatId);
    },
    goOn() {
      waiting.abort();
      waiting = new AbortController();
      for (const chatId of queues.keys()) start(chatId);
    },
    stop() {
      stopped.abort();
      waiting.abort();
    },
  };
}

type Outcome =
  | { readonly kind: "sent"; readonly message: MessageObject }
  | { readonly kind: "refused"; readonly problem: ProblemObject }
  | { readonly kind: "again"; readonly afterMs: number }
  | { readonly kind: "signed out" };

/** Of the refusals, these say that the time was wrong and not the message. */
const TRY_LATER: readonly number[] = [401, 408, 429];

function outcomeOf({ status, body, retryAfterMs }: Answer<MessageObject | ProblemObject>): Outcome {
  if (status < 300 && "seq" in body) return { kind: "sent", message: body };
  if (status >= 400 && status < 500 && !TRY_LATER.includes(status) && "code" in body) {
    return { kind: "refused", problem: body };
  }
  return { kind: "again", afterMs: retryAfterMs };
}
