/** So many moments are remembered of one partition; more, and only every second one is kept from then on. */
const maxMarks = 64;

/** What is remembered: what the log holds below `end` came at `at` or later, as far as the mark before it does not reach. */
interface Mark {
  readonly end: number;
  readonly at: number;
}

export interface LagMarks {
  /** Takes note of where the log ends and how far its reader is; says for how long the log has held what the reader lacks, in ms. */
  measure(end: number, reached: number, now: number): number;
}

/**
 * Measures a lag in time without looking into what is read, so also behind a record that cannot be read: it remembers when the
 * log was first seen to reach beyond the reader. The longer a reader lags, the coarser: the age that is said is rather too great.
 */
export function createLagMarks(): LagMarks {
  let marks: Mark[] = [];
  let spacingMs = 0;

  function note(end: number, now: number): void {
    const newest = marks.at(-1);
    if (newest !== undefined && end <= newest.end) return;
    if (newest === undefined || now - newest.at >= spacingMs) marks.push({ end, at: now });
    else marks[marks.length - 1] = { end, at: newest.at };
  }

  return {
    measure(end, reached, now) {
      marks = marks.filter((mark) => mark.end > reached);
      if (marks.length === 0) spacingMs = 0;
      if (end > reached) note(end, now);
      if (marks.length > maxMarks) {
        marks = inPairs(marks);
        spacingMs = Math.max(2 * spacingMs, (now - (marks[0]?.at ?? now)) / marks.length);
      }
      return now - (marks[0]?.at ?? now);
    },
  };
}

function inPairs(marks: readonly Mark[]): Mark[] {
  return marks.flatMap((mark, index) =>
    index % 2 === 0 ? [{ end: marks[index + 1]?.end ?? mark.end, at: mark.at }] : [],
  );
}
