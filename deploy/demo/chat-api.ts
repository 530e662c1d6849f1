import { setTimeout as sleep } from "node:timers/promises";
import { CannotStart } from "@chat/shared/cannot-start";

/** A call that is not answered by then will not be. */
const answerWithinMs = 30_000;
/** With what a chat asks its callers to wait, some minutes: one that refuses for longer is not well. */
const maxAttempts = 20;
/** What is waited when an answer does not say for how long; and never longer than a window of rate limits lasts. */
const pauseSeconds = { usual: 1, longest: 60 };

export interface Call {
  readonly token?: string;
  readonly body?: object;
  /** The same key again is answered as the first time, and nothing is done twice. */
  readonly key?: string;
}

export interface ChatApi {
  /** The status and the parsed body. Waits where the chat asks for it (429, 503). Throws `CannotStart` when there is no chat. */
  call(method: "GET" | "POST", path: string, call: Call): Promise<{ readonly status: number; readonly body: unknown }>;
}

interface Options {
  readonly url: string;
  /** A line for whoever watches. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The chat as its clients have it. Every call that is made here may be repeated: it does nothing or carries a key. */
export function createChatApi({ url, say, signal }: Options): ChatApi {
  const base = url.replace(/\/+$/, "");

  async function ask(method: string, path: string, { token, body, key }: Call): Promise<Response> {
    const headers = {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
    };
    const patience = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
    const init = { method, headers, signal: patience, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    return fetch(`${base}${path}`, init).catch((error: unknown) => {
      signal.throwIfAborted();
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new CannotStart(`CHAT_URL: no chat answers at ${base} (${cause}); start one with npm start`);
    });
  }

  return {
    async call(method, path, call) {
      for (let attempt = 1; ; attempt += 1) {
        const response = await ask(method, path, call);
        const { status } = response;
        const text = await response.text();
        if ((status !== 429 && status !== 503) || attempt === maxAttempts) return { status, body: parsed(text, base) };
        const seconds = secondsToWait(response.headers.get("retry-after"));
        say(`the chat asks to wait ${seconds} s`);
        await sleep(seconds * 1_000, undefined, { signal });
      }
    },
  };
}

function secondsToWait(retryAfter: string | null): number {
  const asked = retryAfter === null ? NaN : Number(retryAfter);
  return Number.isFinite(asked) && asked > 0 ? Math.min(asked, pauseSeconds.longest) : pauseSeconds.usual;
}

function parsed(text: string, base: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CannotStart(`CHAT_URL: what answers at ${base} is no chat: it does not speak JSON`);
  }
}
