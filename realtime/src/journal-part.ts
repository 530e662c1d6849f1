import type { MissedSpan, WantedSpan } from "./catch-up-rows.ts";
import type { Offsets } from "./offsets.ts";

/** Each span costs a look into the index for every slice, so partitions are taken together only up to so many. */
const MAX_SPANS_PER_READ = 64;

/** What of the journal a device has missed, up to the position at which its spans were read. */
export interface JournalPart {
  /** The next partitions in turn and what is to be read of them; null when all were told. */
  next(from: Offsets): JournalRead | null;
  /** Up to where the journal speaks for a partition. */
  end(partition: number): number;
}

export interface JournalRead {
  /** In their order. */
  readonly partitions: readonly number[];
  /** Empty: there is nothing of these partitions to tell. */
  readonly wanted: readonly WantedSpan[];
}

export function createJournalPart(missed: readonly MissedSpan[], since: Offsets, upTo: Offsets): JournalPart {
  const byPartition = since.map((): MissedSpan[] => []);
  for (const span of missed) {
    if (span.partition !== null && span.nextOffset !== null) byPartition[span.partition]?.push(span);
  }
  const end = (partition: number): number => upTo[partition] ?? 0;

  function wantedOf(partition: number, from: number): WantedSpan[] {
    return (byPartition[partition] ?? []).flatMap((span) => {
      const after = Math.max(from, span.nextOffset ?? 0);
      return after < end(partition) ? [{ ...span, after, before: end(partition) }] : [];
    });
  }

  return {
    next(from) {
      const partitions: number[] = [];
      const wanted: WantedSpan[] = [];
      for (const [partition, offset] of from.entries()) {
        if (offset >= end(partition)) continue;
        const more = wantedOf(partition, offset);
        if (wanted.length > 0 && wanted.length + more.length > MAX_SPANS_PER_READ) break;
        partitions.push(partition);
        wanted.push(...more);
      }
      return partitions.length === 0 ? null : { partitions, wanted };
    },
    end,
  };
}
