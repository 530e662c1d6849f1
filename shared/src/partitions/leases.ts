/** A lease that is not renewed for so long is anybody's: the longest that a partition of a killed instance is nobody's. */
export const leaseMs = 2_000;
/** Three renewals may be lost before a lease is. */
export const renewEveryMs = 500;

/** An instance as the others see it. */
export interface Instance {
  readonly id: string;
  /** Where it takes what is forwarded, without a path. */
  readonly url: string;
  /** Whether it can do the work now. One that cannot, or is about to stop, gets no share. */
  readonly able: boolean;
  /** By which keys are told apart without being told (`fingerprintOf`); null for whoever does not say, as an older version. */
  readonly key: string | null;
}

/** Who works on a partition. */
export interface Lease {
  readonly partition: number;
  readonly owner: string;
  readonly url: string;
  /** Until it may be taken over, by the database's clock, when it was read. */
  readonly remainingMs: number;
}

/** What an instance learns when it says that it is there. Only what has not run out. */
export interface LeaseTable {
  readonly others: readonly Instance[];
  readonly leases: readonly Lease[];
  /** Those of the leases to be kept that are ours, for another `leaseMs`. */
  readonly renewed: ReadonlySet<number>;
}

/**
 * The rows that all instances of one role share. Every call is one statement, and time is the store's own, so instances need no
 * common clock. Rejections are retriable: the store is away.
 */
export interface LeaseStore {
  /** Says that we are there, renews the leases to be kept, and reads the table. */
  beat(self: Instance, keep: readonly number[]): Promise<LeaseTable>;
  /** Takes those that are free, have run out, or are ours already; of two who ask at once one gets it. Says which. */
  claim(self: Instance, partitions: readonly number[]): Promise<readonly number[]>;
  /** Gives up what is ours of these. */
  release(self: Instance, partitions: readonly number[]): Promise<void>;
  /** Gives up everything and is gone. */
  leave(self: Instance): Promise<void>;
}
