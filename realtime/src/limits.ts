import type { FloodLimits } from "./flood-bucket.ts";

export interface RealtimeLimits {
  readonly heartbeatMs: number;
  readonly flood: FloodLimits;
  /** Bytes that may wait for one device before it is closed with 4008. */
  readonly maxQueueBytes: number;
  readonly maxSocketsPerUser: number;
  /** A client that does not answer a close is cut off then; a slow one still has its queue to read. */
  readonly closeTimeoutMs: number;
}

/**
 * 4 MiB are some 8,000 messages: who is that far behind is better off coming back with its cursor. Devices that wait for
 * the same frames share them, so a hundred slow ones of one chat cost hardly more than one.
 */
export const defaultLimits: RealtimeLimits = {
  heartbeatMs: 25_000,
  flood: { burst: 60, perSecond: 20 },
  maxQueueBytes: 4 * 1024 * 1024,
  maxSocketsPerUser: 100,
  closeTimeoutMs: 10_000,
};

/** The largest frame of a client: a text of 16 KiB fits with every character escaped. */
const MAX_FRAME_BYTES = 64 * 1024;
/** What `ws` is told of every socket. */
export const socketOptions = ({ closeTimeoutMs }: Pick<RealtimeLimits, "closeTimeoutMs">) => ({
  noServer: true,
  clientTracking: false,
  // It would cost each socket some hundred KiB, and each frame its own compression.
  perMessageDeflate: false,
  maxPayload: MAX_FRAME_BYTES,
  // Its own pongs wait outside our queue, and too many of them end a socket without a word: see `connection.ts`.
  autoPong: false,
  closeTimeout: closeTimeoutMs,
});
