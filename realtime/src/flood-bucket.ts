/** How much a socket may send: `burst` frames at once, `perSecond` in the long run. */
export interface FloodLimits {
  readonly burst: number;
  readonly perSecond: number;
}

/** One socket's bucket; it may be in debt by as many frames as are refused before the socket is closed. */
export interface FloodBucket {
  tokens: number;
  /** Milliseconds, of a clock that never goes back. */
  filledAt: number;
}

/** So many frames are answered with an error before a socket that goes on is closed. */
const MAX_DEBT = 20;

export function fullBucket(limits: FloodLimits, now: number): FloodBucket {
  return { tokens: limits.burst, filledAt: now };
}

/** Takes one frame out of the bucket: `accept` it, `refuse` it with a warning, or `close` the socket. */
export function takeToken(bucket: FloodBucket, limits: FloodLimits, now: number): "accept" | "refuse" | "close" {
  const refilled = ((now - bucket.filledAt) / 1_000) * limits.perSecond;
  bucket.tokens = Math.min(limits.burst, bucket.tokens + refilled) - 1;
  bucket.filledAt = now;
  if (bucket.tokens >= 0) return "accept";
  return bucket.tokens >= -MAX_DEBT ? "refuse" : "close";
}
