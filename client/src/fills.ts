import { type Backoff, fullJitter } from "./full-jitter.ts";
import { pause } from "./pause.ts";

/** Each is a handful of calls: a browser makes six at a time to one server, and whoever comes back may have many to fetch. */
const MAX_AT_ONCE = 4;

export interface Fetch {
  /** Nothing of it is missing any more. */
  readonly isWhole: boolean;
  /** The server has said that it is not to be asked sooner; 0 when it said nothing. */
  readonly notBeforeMs: number;
}

export interface FillsOptions {
  /** Fetches a chat once; never rejects. */
  readonly fetch: (chatId: string, signal: AbortSignal) => Promise<Fetch>;
  readonly backoff: Backoff;
  readonly random: () => number;
}

/** Fetches chats, each until nothing of it is missing. */
export interface Fills {
  /** Resolves when nothing of it is missing, or at the end; what is missing then is fetched after the next beginning. */
  fill(chatId: string): Promise<void>;
  /** Before it nothing is fetched. Again with the same signal it changes nothing. */
  begin(signal: AbortSignal): void;
  end(): void;
}

export function createFills({ fetch, backoff, random }: FillsOptions): Fills {
  const wanted = new Map<string, PromiseWithResolvers<undefined>>();
  const inTurn = createTurns(MAX_AT_ONCE);
  let running: AbortSignal | null = null;

  async function run(chatId: string, one: PromiseWithResolvers<undefined>, signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures += 1) {
      const fetched = await inTurn(async () => (signal.aborted ? null : await fetch(chatId, signal)));
      if (fetched === null) return;
      if (fetched.isWhole) {
        if (wanted.get(chatId) === one) wanted.delete(chatId);
        one.resolve(undefined);
        return;
      }
      await pause(fetched.notBeforeMs + fullJitter(failures, backoff, random), signal);
    }
  }

  return {
    fill(chatId) {
      const known = wanted.get(chatId);
      if (known !== undefined) return known.promise;
      const one = Promise.withResolvers<undefined>();
      wanted.set(chatId, one);
      if (running !== null) void run(chatId, one, running);
      return one.promise;
    },
    begin(signal) {
      if (running === signal || signal.aborted) return;
      running = signal;
      for (const [chatId, one] of wanted) void run(chatId, one, signal);
    },
    end() {
      running = null;
      for (const [chatId, { resolve }] of wanted) {
        resolve(undefined);
        wanted.set(chatId, Promise.withResolvers());
      }
    },
  };
}

/** So many at a time; the others wait in the order in which they came. */
function createTurns(atOnce: number) {
  const waiting: (() => void)[] = [];
  let free = atOnce;
  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
