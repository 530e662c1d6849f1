import type { EventLog } from "@chat/shared/log/event-log";
import type { Wakeup } from "@chat/shared/wakeup";
import { createCheckpointWatch, type Positions } from "./checkpoint-watch.ts";
import { late, sleep, systemClock, within, type Clock } from "./clock.ts";
import { createKnownLag } from "./known-lag.ts";
import { createSharedEnds } from "./shared-ends.ts";

export interface ReadBarrier {
  /**
   * What `read` gives, complete up to every command that was acknowledged before this call in `partitions`;
   * `stale` when that could not be had in time. Rejects when `read` does.
   */
  read<T extends Answer>(partitions: Partitions, read: () => Promise<T>): Promise<Guarded<T>>;
}

/** Data together with the checkpoints that it was read at: one snapshot. */
export interface Answer {
  readonly positions: Positions;
}

export interface Guarded<T> {
  readonly answer: T;
  readonly stale: boolean;
}

export type Partitions = readonly number[] | "all";

export interface ReadBarrierDeps {
  readonly log: Pick<EventLog, "ends">;
  readonly positions: () => Promise<Positions>;
  readonly progress: Wakeup;
  readonly wanted?: Wakeup | undefined;
  readonly clock?: Clock;
  /** How long a read waits for the read models before it answers with what there is. */
  readonly maxWaitMs?: number;
  /** Told how long each read took. */
  readonly waited?: (ms: number) => void;
}

/** A person waits for the answer: longer than this, an older one marked as such serves better. */
const defaultMaxWaitMs = 2_000;
/** Between two requests to a log that refused the first. */
const retryEndsMs = 100;

/**
 * Lets every read see every command acknowledged before it: asks where the log ends, reads, and when the checkpoints
 * that came with the data lie below that, waits for the projector and reads again. Who asks alone asks and reads at once,
 * and waits for one answer instead of two; those who share an end read when they have it, and may share that too.
 */
export function createReadBarrier(deps: ReadBarrierDeps): ReadBarrier {
  const { log, positions, progress, wanted, clock = systemClock, maxWaitMs = defaultMaxWaitMs, waited } = deps;
  const sharedEnds = createSharedEnds({ ends: () => log.ends(), clock, maxRequestMs: maxWaitMs });
  const checkpoints = createCheckpointWatch({ positions, progress, wanted, clock });
  const knownLag = createKnownLag(maxWaitMs);

  /** Null when the log does not tell. */
  async function endsBy(deadline: number): Promise<readonly number[] | null> {
    for (;;) {
      const asked = sharedEnds.ask();
      // Nobody waits for a log that is known to be away; the request finds out when it is back.
      const patience = sharedEnds.silentMs() < maxWaitMs ? deadline - clock.now() : 0;
      const ends = await within(clock, patience, asked).catch(() => null);
      if (ends === late) return null;
      if (ends !== null) {
        knownLag.note(ends, clock.now());
        return ends;
      }
      if (sharedEnds.silentMs() >= maxWaitMs) return null;
      const pause = Math.min(retryEndsMs, deadline - clock.now());
      if (pause <= 0) return null;
      await sleep(clock, pause);
    }
  }

  async function guardedRead<T extends Answer>(partitions: Partitions, read: () => Promise<T>): Promise<Guarded<T>> {
    const deadline = clock.now() + maxWaitMs;
    // What is read meanwhile counts if it holds what the log says, whichever of the two was first.
    const early = sharedEnds.isIdle() ? read() : null;
    early?.catch(() => undefined);
    const ends = await endsBy(deadline);
    const first = await (early === null || ends === null ? read() : early);
    if (ends === null) return { answer: first, stale: true };
    const reached = (seen: Positions): boolean => covers(seen, ends, partitions);
    if (reached(first.positions)) return { answer: first, stale: false };

    const now = clock.now();
    const old = knownLag.endsBefore(now);
    const lagIsKnown = old !== null && !covers(first.positions, old, partitions);
    if (lagIsKnown || now >= deadline) return { answer: first, stale: true };
    await checkpoints.until(reached, deadline - now);
    const second = await read();
    return { answer: second, stale: !reached(second.positions) };
  }

  return {
    async read(partitions, read) {
      const startedAt = clock.now();
      try {
        return await guardedRead(partitions, read);
      } finally {
        waited?.(clock.now() - startedAt);
      }
    },
  };
}

/** A partition without a checkpoint has not been projected at all. */
function covers(positions: Positions, ends: readonly number[], partitions: Partitions): boolean {
  const reaches = (partition: number): boolean =>
    (positions.get(partition)?.offset ?? 0) >= (ends[partition] ?? Number.POSITIVE_INFINITY);
  return partitions === "all" ? ends.every((_, partition) => reaches(partition)) : partitions.every(reaches);
}
