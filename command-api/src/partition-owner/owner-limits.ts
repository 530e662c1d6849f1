/**
 * A command that is not answered within this time is answered 503 at the next sweep: nobody should wait longer than two
 * seconds without a word, and the answer has a way to go.
 */
export const maxAnswerMs = 1_800;
/**
 * Between two owners nothing has failed, and a planned stop should cost nobody a command: it waits for the next owner for
 * a second more than one that was killed takes to be replaced. Clients and gateways wait for longer.
 */
export const maxHandOverMs = 5_000;
/** How often overdue commands are looked for. */
export const sweepMs = 100;
/** Commands of one partition that wait; beyond it the queue would be longer than `maxAnswerMs` anyway. */
export const maxWaiting = 10_000;
/** Between two attempts to be elected, doubling from the first to the second. */
export const electAgainMs = { first: 20, most: 500 };
/** How often it is looked whether an operator has skipped the event that a partition is stuck at: one small query each. */
export const lookForSkipMs = 500;

/** How much of the log one partition may hold in memory at once. */
export interface RoomForEvents {
  /** A batch is at most this large: what is lost at once, and what a broker takes by default, stays small. */
  readonly maxBatchBytes: number;
  /** Events that the read models do not hold yet. Beyond it commands are refused. */
  readonly maxTailBytes: number;
  /** The same in events, for what is read at an election: an event takes at least this share of the bytes above. */
  readonly maxTailEvents: number;
}

export const room: RoomForEvents = {
  maxBatchBytes: 512 * 1024,
  maxTailBytes: 16 * 1024 * 1024,
  maxTailEvents: 30_000,
};
