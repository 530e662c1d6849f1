import { createWakeup } from "@chat/shared/wakeup";
import type { EventBatch } from "@chat/shared/log/fenced-reader";

export interface GatherOptions {
  /** The source is not asked for more while this many events wait. */
  readonly maxEvents: number;
  readonly signal: AbortSignal;
}

export interface Gathered {
  /**
   * What has arrived, by partition in order; empty when nothing came within `withinMs`. Waits for the first arrival,
   * and then on until `readyAt` (ms, of `performance.now()`) unless there is plenty. Throws the source's error once
   * everything before it was taken.
   */
  take(withinMs: number, readyAt: number): Promise<readonly EventBatch[]>;
}

/** Reads ahead while the batch before is being written, and joins what belongs to one partition. */
export function gather(source: AsyncIterable<EventBatch>, { maxEvents, signal }: GatherOptions): Gathered {
  let waiting = new Map<number, EventBatch>();
  let events = 0;
  let ended: { readonly error: unknown } | null = null;
  const arrived = createWakeup();
  const taken = createWakeup();

  async function pump(): Promise<void> {
    for await (const batch of source) {
      const before = waiting.get(batch.partition);
      waiting.set(batch.partition, before === undefined ? batch : joined(before, batch));
      events += batch.events.length;
      arrived.wake();
      while (events >= maxEvents && !signal.aborted) await taken.next(backpressureCheckMs, signal);
    }
  }

  pump().then(
    () => {
      ended = { error: new Error("the log stopped before it was asked to") };
      arrived.wake();
    },
    (error: unknown) => {
      ended = { error };
      arrived.wake();
    },
  );

  return {
    async take(withinMs, readyAt) {
      if (waiting.size === 0 && ended === null) await arrived.next(withinMs, signal);
      for (;;) {
        const rest = readyAt - performance.now();
        if (waiting.size === 0 || events >= maxEvents || rest <= 0 || ended !== null || signal.aborted) break;
        await arrived.next(rest, signal);
      }
      if (waiting.size === 0 && ended !== null && !signal.aborted) throw ended.error;
      const batches = [...waiting.values()];
      waiting = new Map();
      events = 0;
      taken.wake();
      return batches;
    },
  };
}

/** Only a safety net: `take` wakes the pump. */
const backpressureCheckMs = 1_000;

function joined(before: EventBatch, after: EventBatch): EventBatch {
  return { partition: before.partition, events: [...before.events, ...after.events], next: after.next };
}
