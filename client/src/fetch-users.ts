import type { UserObject } from "@chat/shared/api/user-object";
import { type Backoff, fullJitter } from "./full-jitter.ts";
import { type HttpCalls, Refused, SignedOut } from "./http-calls.ts";
import { pause } from "./pause.ts";
import { isForLater } from "./send-queues.ts";
import type { ChatState, ClientState } from "./state.ts";

/** The most that the server gives at once. */
const PAGE = 100;
/** Five calls on connecting; of further ones a page asks when it shows them. */
const MAX_USERS = 500;

/** Whose names a list of chats shows and nobody has told. */
export function strangersIn(state: ClientState): readonly string[] {
  return [...new Set([...state.chats.values()].flatMap((chat) => strangersOf(state, chat)))];
}

/** Of one chat: the partner in a private one, and who spoke last in a group. */
export function strangersOf({ users, userId }: ClientState, { chat, messages, members }: ChatState): readonly string[] {
  const last = messages.at(-1)?.sender_id;
  const ids = chat.type === "private" ? chat.member_ids : last === undefined ? [] : [last];
  return ids.filter((id) => id !== userId && !users.has(id) && members?.has(id) !== true);
}

export interface AskWhoIsOptions {
  readonly calls: Pick<HttpCalls, "get">;
  readonly backoff: Backoff;
  readonly random: () => number;
  readonly learn: (users: readonly UserObject[]) => void;
  readonly signedOut: () => void;
}

/** Asks who some people are, a page at a time, each until it is answered. */
export interface AskWhoIs {
  /** Nothing before `begin`, nor for those who were asked for since: a thousand messages of one stranger are one question. */
  ask(ids: readonly string[]): void;
  /** Profiles may have changed unheard: all may be asked for again. */
  begin(): void;
  /** What has no answer yet is let go. */
  end(): void;
}

export function createAskWhoIs({ calls, backoff, random, learn, signedOut }: AskWhoIsOptions): AskWhoIs {
  const asked = new Set<string>();
  let waiting: string[] = [];
  let isAsking = false;
  let running: AbortController | null = null;

  async function drain(signal: AbortSignal): Promise<void> {
    isAsking = true;
    for (let failures = 0; waiting.length > 0;) {
      const some = waiting.slice(0, PAGE);
      const againAfterMs = await attempt(some, signal);
      // Whoever has ended it has begun with other questions.
      if (signal.aborted) return;
      if (againAfterMs === null) {
        waiting = waiting.slice(some.length);
        failures = 0;
        continue;
      }
      await pause(againAfterMs + fullJitter(failures, backoff, random), signal);
      if (signal.aborted) return;
      failures += 1;
    }
    isAsking = false;
  }

  /** Null: answered, whatever the answer was. Else how long the server wants to be left alone. */
  async function attempt(ids: readonly string[], signal: AbortSignal): Promise<number | null> {
    try {
      const { body } = await calls.get<UserObject[]>(`/users?ids=${ids.join()}&limit=${PAGE}`, signal);
      if (!signal.aborted) learn(body);
      return null;
    } catch (error) {
      if (error instanceof SignedOut) signedOut();
      if (!(error instanceof Refused)) return 0;
      return isForLater(error.status) ? error.retryAfterMs : null;
    }
  }

  function end(): void {
    running?.abort();
    running = null;
    isAsking = false;
    waiting = [];
    asked.clear();
  }

  return {
    ask(ids) {
      if (running === null) return;
      const others = ids.filter((id) => !asked.has(id)).slice(0, MAX_USERS - waiting.length);
      for (const id of others) asked.add(id);
      waiting = [...waiting, ...others];
      if (!isAsking) void drain(running.signal);
    },
    begin() {
      end();
      running = new AbortController();
    },
    end,
  };
}
