export interface Backoff {
  /** The bound of the first wait, doubled with each failure. */
  readonly baseMs: number;
  /** No wait is longer: whoever comes back after an hour is there within this. */
  readonly maxMs: number;
}

/** Half a second is soon enough for a person, and half a minute rare enough for a server that many come back to. */
export const defaultBackoff: Backoff = { baseMs: 500, maxMs: 30_000 };

/** Beyond this many doublings every bound is above any `maxMs`. */
const MAX_DOUBLINGS = 30;

/**
 * How long to wait after so many failures in a row, in milliseconds: anything from nothing to the bound, evenly. Clients that
 * were cut off at one moment then come back spread over time, which waits of a fixed length plus a little chance do not give.
 */
export function fullJitter(failures: number, { baseMs, maxMs }: Backoff, random: () => number): number {
  return random() * Math.min(maxMs, baseMs * 2 ** Math.min(failures, MAX_DOUBLINGS));
}
