/**
 * A tap on the shoulder: "there may be something new". It carries nothing and may be missed, so whoever waits for it
 * polls as well.
 */
export interface Wakeup {
  wake(): void;
  /** Resolves at the next wake, after `withinMs`, or when `signal` is aborted, whichever is first. */
  next(withinMs: number, signal?: AbortSignal): Promise<void>;
}

/** Within one process. */
export function createWakeup(): Wakeup {
  const sleeping = new Set<() => void>();

  return {
    wake() {
      for (const resume of [...sleeping]) resume();
    },
    next: (withinMs, signal) =>
      new Promise((resolve) => {
        const resume = (): void => {
          clearTimeout(timer);
          sleeping.delete(resume);
          signal?.removeEventListener("abort", resume);
          resolve();
        };
        const timer = setTimeout(resume, withinMs);
        sleeping.add(resume);
        signal?.addEventListener("abort", resume, { once: true });
        if (signal?.aborted === true) resume();
      }),
  };
}
