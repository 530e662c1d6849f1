import type { EventBatch } from "@chat/shared/log/fenced-reader";
import { createWakeup, type Wakeup } from "@chat/shared/wakeup";

export interface GatherOptions {
  /** The source is not asked for more while this many events wait. */
  readonly maxEvents: number;
  /** Woken, again and again, as long as somebody waits for what is gathered. */
  readonly wanted?: Wakeup | undefined;
  readonly signal: AbortSignal;
}

/** Until when more is waited for, in ms of `performance.now()`. */
export interface Patience {
  readonly until: number;
  /** When somebody is known to wait. */
  readonly untilIfWanted: number;
}

export interface Gathered {
  /**
   * What has arrived, by partition in order; empty when nothing came within `withinMs`. Waits for the first arrival,
   * and then, with patience, for more unless there is plenty. Throws the source's error once everything before it was taken.
   */
  take(withinMs: number, patience?: Patience): Promise<readonly EventBatch[]>;
}

/** Reads ahead while the batch before is being written, and joins what belongs to one partition. */
export function gather(source: AsyncIterable<EventBatch>, options: GatherOptions): Gathered {
  const { maxEvents, wanted = createWakeup(), signal } = options;
  let waiting = new Map<number, EventBatch>();
  let events = 0;
  let ended: { readonly error: unknown } | null = null;
  const arrived = createWakeup();
  const taken = createWakeup();

  async function pump(): Promise<void> {
    for await (const batch of source) {
      const isFirst = waiting.size === 0;
      const before = waiting.get(batch.partition);
      waiting.set(batch.partition, before === undefined ? batch : joined(before, batch));
      events += batch.events.length;
      // Whoever waits for more is not told of each: he looks when his time is up, or when there is plenty.
      if (isFirst || events >= maxEvents) arrived.wake();
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
    async take(withinMs, { until, untilIfWanted } = none) {
      if (waiting.size === 0 && ended === null) await arrived.next(withinMs, signal);
      let end = until;
      const hurry = (): void => void (end = untilIfWanted);
      for (;;) {
        const rest = end - performance.now();
        if (waiting.size === 0 || events >= maxEvents || rest <= 0 || ended !== null || signal.aborted) break;
        await Promise.race([arrived.next(rest, signal), wanted.next(rest, signal).then(hurry)]);
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

const none: Patience = { until: 0, untilIfWanted: 0 };
/** Only a safety net: `take` wakes the pump. */
const backpressureCheckMs = 1_000;

function joined(before: EventBatch, after: EventBatch): EventBatch {
  return { partition: before.partition, events: [...before.events, ...after.events], next: after.next };
}
