import type { ProblemObject } from "@chat/shared/api/problem-object";
import { type Backoff, fullJitter } from "./full-jitter.ts";
import { type Answer, SignedOut } from "./http-calls.ts";
import { pause } from "./pause.ts";

/** What became of one attempt; `settled`: answered, whatever the answer was. */
export type Attempt = "settled" | "signed out" | { readonly againAfterMs: number };

export interface SendQueuesOptions<Item> {
  readonly backoff: Backoff;
  readonly random: () => number;
  /** Items of one queue go one after the other, in the order in which they came. */
  readonly queueOf: (item: Item) => string;
  /** Sends it once; never rejects. The signal: it is wanted no more. */
  readonly attempt: (item: Item, signal: AbortSignal) => Promise<Attempt>;
  /** No token is to be had: what waits stays, until somebody calls `goOn`. */
  readonly signedOut: () => void;
}

/** Keeps what is to be sent, and sends each until it is settled: for ever. What they hold is bounded by what a person writes. */
export interface SendQueues<Item> {
  add(item: Item): void;
  /** It is not tried again; of an attempt that is under way nobody knows. */
  drop(isDropped: (item: Item) => boolean): void;
  /** Before it nothing is sent. After `stop` it goes on with what waits. */
  start(): void;
  /** Ends the waiting: the way is open again. */
  goOn(): void;
  /** What is not settled stays, and so does what is added. */
  stop(): void;
}

interface Queue<Item> {
  items: Item[];
  /** Of the attempt that is under way. */
  attempt: AbortController | null;
}

export function createSendQueues<Item>(options: SendQueuesOptions<Item>): SendQueues<Item> {
  const queues = new Map<string, Queue<Item>>();
  let running = false;
  let waiting = new AbortController();

  async function drain(name: string, queue: Queue<Item>): Promise<void> {
    let failures = 0;
    for (let next = queue.items[0]; next !== undefined && running; next = queue.items[0]) {
      queue.attempt = new AbortController();
      const outcome = await options.attempt(next, queue.attempt.signal);
      if (outcome === "signed out") {
        queue.attempt = null;
        options.signedOut();
        return;
      }
      const isDropped = queue.items[0] !== next;
      if (outcome === "settled" || isDropped) {
        failures = 0;
        if (!isDropped) queue.items.shift();
        continue;
      }
      const ms = Math.max(outcome.againAfterMs, fullJitter(failures, options.backoff, options.random));
      failures += 1;
      await pause(ms, waiting.signal);
    }
    // Both at once: whatever is added from here on starts anew.
    queue.attempt = null;
    if (queue.items.length === 0) queues.delete(name);
  }

  function begin(name: string, queue: Queue<Item>): void {
    if (queue.attempt !== null || !running) return;
    void drain(name, queue);
  }

  function goOn(): void {
    waiting.abort();
    waiting = new AbortController();
    for (const [name, queue] of queues) begin(name, queue);
  }

  return {
    add(item) {
      const name = options.queueOf(item);
      const queue = queues.get(name) ?? { items: [], attempt: null };
      queues.set(name, queue);
      queue.items.push(item);
      begin(name, queue);
    },
    drop(isDropped) {
      for (const queue of queues.values()) {
        const [first] = queue.items;
        if (first !== undefined && isDropped(first)) queue.attempt?.abort();
        queue.items = queue.items.filter((item) => !isDropped(item));
      }
    },
    start() {
      running = true;
      goOn();
    },
    goOn,
    stop() {
      running = false;
      waiting.abort();
      for (const { attempt } of queues.values()) attempt?.abort();
    },
  };
}

/** Of the refusals, these say that the time was wrong and not what was sent. */
const TRY_LATER: readonly number[] = [401, 408, 429];

/** Whether the same may be answered otherwise later. */
export const isForLater = (status: number): boolean => status >= 500 || TRY_LATER.includes(status);

/** One call that sends something, and what is told of its answer. */
export async function attemptOf<Body extends object>(
  call: () => Promise<Answer<Body | ProblemObject | null>>,
  told: { readonly sent: (body: Body) => void; readonly refused: (problem: ProblemObject) => void },
): Promise<Attempt> {
  let answer: Answer<Body | ProblemObject | null>;
  try {
    answer = await call();
  } catch (error) {
    // No answer, or none that can be read: nobody knows what became of it.
    return error instanceof SignedOut ? "signed out" : { againAfterMs: 0 };
  }
  const { status, body, retryAfterMs } = answer;
  if (isForLater(status)) return { againAfterMs: retryAfterMs };
  // Some other server on the way has answered: nothing that is meant for us.
  if (typeof body !== "object" || body === null) return { againAfterMs: retryAfterMs };
  if (isProblem(body)) told.refused(body);
  else if (status < 300) told.sent(body);
  else return { againAfterMs: retryAfterMs };
  return "settled";
}

/** No answer to what was sent has a field of this name but a refusal. */
const isProblem = (body: object): body is ProblemObject => "code" in body;
