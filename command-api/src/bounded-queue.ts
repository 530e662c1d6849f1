import { Rejection } from "@chat/shared/rejection";

export interface BoundedQueue {
  /** Does the work when its turn comes; a Rejection too_many_requests at once when too much waits already. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** At most `atOnce` pieces of work at a time, at most `maxWaiting` more that wait, in the order they came. */
export function createBoundedQueue({ atOnce, maxWaiting }: { atOnce: number; maxWaiting: number }): BoundedQueue {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function turn(): Promise<void> {
    if (running < atOnce) {
      running += 1;
      return;
    }
    if (waiting.length >= maxWaiting) {
      throw new Rejection("too_many_requests", "Too many ask for this right now. Try again in a moment.");
    }
    // Whoever is done hands its place over, so `running` stays as it is.
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  function done(): void {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }

  return {
    async run(work) {
      await turn();
      try {
        return await work();
      } finally {
        done();
      }
    },
  };
}
