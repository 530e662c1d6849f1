import type { MessagesFullyRead } from "./chat-events.ts";

/** Messages with `from < seq <= upTo`. */
export interface SeqRange {
  readonly from: number;
  readonly upTo: number;
}

/**
 * Which of an author's messages this event made fully read; null when none.
 *
 * The slowest reader's own wait only for the others, so they have a range of their own. Whoever was the slowest before
 * had one too, which may have gone further than everybody's, or not as far. Thus no message is in the range of two
 * events.
 */
export function fullyReadRange(event: MessagesFullyRead, authorId: string): SeqRange | null {
  const range =
    authorId === event.slowest
      ? { from: event.slowestFrom, upTo: event.slowestUpTo }
      : { from: authorId === event.former?.userId ? event.former.from : event.from, upTo: event.upTo };
  return range.upTo > range.from ? range : null;
}

/** The smallest range that holds what the event made fully read, of whichever author. */
export function fullyReadSpan(event: MessagesFullyRead): SeqRange {
  const ranges = [
    { from: event.from, upTo: event.upTo },
    { from: event.slowestFrom, upTo: event.slowestUpTo },
    { from: event.former?.from ?? event.upTo, upTo: event.upTo },
  ].filter(({ from, upTo }) => upTo > from);
  if (ranges.length === 0) return { from: event.upTo, upTo: event.upTo };
  return { from: Math.min(...ranges.map(({ from }) => from)), upTo: Math.max(...ranges.map(({ upTo }) => upTo)) };
}
