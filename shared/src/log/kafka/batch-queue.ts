import type { RecordBatch } from "../event-log.ts";

/** Batches between the one who fetches and the one who reads; the fetcher waits when the reader is behind. */
export interface BatchQueue {
  /** Resolves when there is room for more, or when nobody reads any more. */
  push(batch: RecordBatch): Promise<void>;
  /** The reader is told after what was pushed before. The first failure counts. */
  fail(error: Error): void;
  /** The next batch, or null when none came within `withinMs`. Throws what `fail` was given. */
  next(withinMs: number, signal: AbortSignal): Promise<RecordBatch | null>;
  close(): void;
}

export function createBatchQueue(maxRecords: number): BatchQueue {
  const batches: RecordBatch[] = [];
  let records = 0;
  let failure: Error | null = null;
  let closed = false;
  const fetchers = new Set<() => void>();
  let wakeReader: () => void = () => undefined;

  function letFetchersGo(): void {
    for (const go of fetchers) go();
    fetchers.clear();
  }

  return {
    push(batch) {
      if (closed) return Promise.resolve();
      batches.push(batch);
      records += batch.records.length;
      wakeReader();
      if (records < maxRecords) return Promise.resolve();
      return new Promise((resolve) => fetchers.add(resolve));
    },

    fail(error) {
      failure ??= error;
      letFetchersGo();
      wakeReader();
    },

    async next(withinMs, signal) {
      if (batches.length === 0 && failure === null && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            clearTimeout(timer);
            signal.removeEventListener("abort", wake);
            resolve();
          };
          const timer = setTimeout(wake, withinMs);
          signal.addEventListener("abort", wake, { once: true });
          wakeReader = wake;
        });
      }
      const batch = batches.shift();
      if (batch !== undefined) {
        records -= batch.records.length;
        if (records < maxRecords) letFetchersGo();
        return batch;
      }
      if (failure !== null) throw failure;
      return null;
    },

    close() {
      closed = true;
      batches.length = 0;
      letFetchersGo();
    },
  };
}
