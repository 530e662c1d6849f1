import type { Position } from "@chat/shared/log/position";
import type { Wakeup } from "@chat/shared/wakeup";
import { late, within, type Clock } from "./clock.ts";

export type Positions = ReadonlyMap<number, Position>;

export interface CheckpointWatch {
  /** Whether the checkpoints came to be as `reached` wants them, within `ms`. */
  until(reached: (positions: Positions) => boolean, ms: number): Promise<boolean>;
}

export interface CheckpointWatchOptions {
  /** The checkpoints of all partitions, by one cheap statement. */
  readonly positions: () => Promise<Positions>;
  /** Woken when the projector has moved a checkpoint. */
  readonly progress: Wakeup;
  /** Woken before each look: the projector need not gather more before it writes. Absent where it is in another process. */
  readonly wanted?: Wakeup | undefined;
  readonly clock: Clock;
}

/** A wake-up can be missed (another process, a lost NOTIFY); then this is how much later one looks again. */
const pollMs = 10;
/** A look that hangs is given up; those who wait have a shorter bound of their own, or ask again. */
const maxLookMs = 1_000;

/** Looks at the checkpoints on behalf of all who wait for them, and only while somebody does: one statement at a time. */
export function createCheckpointWatch({ positions, progress, wanted, clock }: CheckpointWatchOptions): CheckpointWatch {
  const waiting = new Set<(seen: Positions) => void>();
  let watching = false;

  async function watch(): Promise<void> {
    watching = true;
    while (waiting.size > 0) {
      // Listening begins before looking: a wake-up in between is not lost.
      const woken = progress.next(pollMs);
      wanted?.wake();
      // Postgres may be away for a moment: that is no reason to stop looking.
      const seen = await within(clock, maxLookMs, positions()).catch((): typeof late => late);
      if (seen !== late) for (const tell of [...waiting]) tell(seen);
      if (waiting.size > 0) await woken;
    }
    watching = false;
  }

  return {
    async until(reached, ms) {
      let tell: (seen: Positions) => void = () => undefined;
      const isReached = new Promise<true>((resolve) => {
        tell = (seen) => {
          if (!reached(seen)) return;
          waiting.delete(tell);
          resolve(true);
        };
      });
      waiting.add(tell);
      if (!watching) void watch();
      const outcome = await within(clock, ms, isReached);
      waiting.delete(tell);
      return outcome === true;
    },
  };
}
