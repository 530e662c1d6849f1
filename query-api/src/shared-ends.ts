import { late, within, type Clock } from "./clock.ts";

type Ends = readonly number[];

export interface SharedEnds {
  /** End offsets that were asked for after this call began. Rejects when the log does not tell. */
  ask(): Promise<Ends>;
  /** Nobody's request is under way: who asks now is the first, and does not wait for another one's. */
  isIdle(): boolean;
  /** For how long the log has not told, in milliseconds; 0 when the last request was answered. */
  silentMs(): number;
}

export interface SharedEndsOptions {
  readonly ends: () => Promise<Ends>;
  readonly clock: Clock;
  /** A request that takes longer is given up, so that one that hangs does not hold up all that come after it. */
  readonly maxRequestMs: number;
}

/**
 * Asks the log for its ends on behalf of many. A request that is under way may have passed the log before a command
 * was acknowledged, so whoever comes meanwhile shares the *next* one: one in flight and one waiting, whatever the load.
 */
export function createSharedEnds({ ends, clock, maxRequestMs }: SharedEndsOptions): SharedEnds {
  let inFlight: Promise<Ends> | null = null;
  let waiting: Promise<Ends> | null = null;
  let silentSince: number | null = null;

  async function request(): Promise<Ends> {
    const startedAt = clock.now();
    try {
      const answer = await within(clock, maxRequestMs, ends());
      if (answer === late) throw new Error(`the log did not tell its ends within ${maxRequestMs} ms`);
      silentSince = null;
      return answer;
    } catch (error) {
      silentSince ??= startedAt;
      throw error;
    } finally {
      // Where somebody waits, the next request is about to begin: it is not to be overtaken by one of a newcomer.
      if (waiting === null) inFlight = null;
    }
  }

  function start(): Promise<Ends> {
    waiting = null;
    return (inFlight = request());
  }

  return {
    ask: () => (inFlight === null ? start() : (waiting ??= inFlight.then(start, start))),
    isIdle: () => inFlight === null,
    silentMs: () => (silentSince === null ? 0 : clock.now() - silentSince),
  };
}
