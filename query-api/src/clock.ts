/** Time as those who wait with a bound need it; specs have one that they move themselves. */
export interface Clock {
  /** Milliseconds from some moment on; never goes back. */
  now(): number;
  /** Calls `wake` after `ms`, unless the function that it returns is called first. */
  after(ms: number, wake: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, wake) {
    const timer = setTimeout(wake, ms);
    return () => clearTimeout(timer);
  },
};

export const sleep = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.after(ms, resolve));

export const late: unique symbol = Symbol("late");

/** What `promise` gives, or `late` when `ms` are over first. The promise goes on, unheard. */
export async function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | typeof late> {
  let cancel = (): void => undefined;
  const over = new Promise<typeof late>((resolve) => {
    cancel = clock.after(Math.max(0, ms), () => resolve(late));
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    cancel();
  }
}
