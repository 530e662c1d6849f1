import type { Position } from "@chat/shared/log/position";
import type { CatchUpRows } from "./catch-up-rows.ts";
import type { Gate } from "./gate.ts";
import type { JournalPart, JournalRead } from "./journal-part.ts";
import type { Offsets } from "./offsets.ts";
import type { LateEvent } from "./replay.ts";

/**
 * Slices read before their device has taken the one before, of all devices together: each is some hundred KiB, and who
 * comes when so many wait already is read for when his turn has come.
 */
const MAX_SLICES_AHEAD = 32;

/** What the journal holds next for one device. */
export interface JournalSlice {
  readonly of: JournalRead;
  /** By partition and offset. */
  readonly events: readonly LateEvent[];
  /** What the rows knew when they were read; empty where nothing had to be read. */
  readonly positions: ReadonlyMap<number, Position>;
  /** There may be more of these partitions. */
  readonly full: boolean;
}

/** The slices of one device, in order. */
export interface JournalSlices {
  /** From these offsets on; null when all of the journal was told. */
  take(journal: JournalPart, from: Offsets, maxEvents: number): Promise<JournalSlice | null>;
  /** The same, to be taken next: read while the device is still busy with what it was told. */
  readAhead(journal: JournalPart, from: Offsets, maxEvents: number): void;
  /** Forgets what was read ahead. */
  drop(): void;
}

export function createJournalReads(rows: Pick<CatchUpRows, "events">, gate: Gate): () => JournalSlices {
  let slicesAhead = 0;

  async function read(journal: JournalPart, from: Offsets, maxEvents: number): Promise<JournalSlice | null> {
    const of = journal.next(from);
    if (of === null) return null;
    if (of.wanted.length === 0) return { of, events: [], positions: new Map(), full: false };
    const { rows: events, positions } = await gate(() => rows.events(of.wanted, maxEvents));
    return { of, events, positions, full: events.length >= maxEvents };
  }

  return () => {
    let ahead: Promise<JournalSlice | null> | null = null;

    function takeAhead(): Promise<JournalSlice | null> | null {
      const taken = ahead;
      if (taken !== null) slicesAhead -= 1;
      ahead = null;
      return taken;
    }

    return {
      take: (journal, from, maxEvents) => takeAhead() ?? read(journal, from, maxEvents),
      readAhead(journal, from, maxEvents) {
        if (ahead !== null || slicesAhead >= MAX_SLICES_AHEAD) return;
        slicesAhead += 1;
        ahead = read(journal, from, maxEvents);
        // Whoever takes it hears of it; nobody else needs to.
        ahead.catch(() => undefined);
      },
      drop: () => void takeAhead(),
    };
  };
}
