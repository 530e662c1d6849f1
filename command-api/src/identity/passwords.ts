import argon2 from "argon2";
import { createBoundedQueue } from "../bounded-queue.ts";

/** OWASP's smallest recommendation for argon2id: 19 MiB, two passes, one lane. About 20 ms of one core. */
const COST = { type: argon2.argon2id, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const;

/** Two of the four threads that Node has for such work, and 38 MiB: the rest of the process goes on. */
const AT_ONCE = 2;

/** Those who wait longer than a second or so would have given up; they hear 429 at once instead. */
const MAX_WAITING = 64;

export interface Passwords {
  /** The hash to keep; it names its own cost and salt. Rejects with too_many_requests when too many wait. */
  hash(password: string): Promise<string>;
  /** Takes as long for an account that does not exist (null) as for one that does. Rejects with too_many_requests too. */
  verify(password: string, hash: string | null): Promise<boolean>;
}

export interface PasswordsOptions {
  readonly atOnce?: number;
  readonly maxWaiting?: number;
  /** What checks a password against a hash; argon2 when absent. */
  readonly verifyHash?: (hash: string, password: string) => Promise<boolean>;
}

export function createPasswords(options: PasswordsOptions = {}): Passwords {
  const { atOnce = AT_ONCE, maxWaiting = MAX_WAITING, verifyHash = argon2.verify } = options;
  const queue = createBoundedQueue({ atOnce, maxWaiting });
  return {
    hash: (password) => queue.run(() => argon2.hash(password, COST)),
    verify: (password, hash) =>
      queue.run(async () => (await verifyHash(hash ?? hashOfNobody, password)) && hash !== null),
  };
}

/** Well formed, with our cost, and of no known password: checking against it takes the time of a real one. */
const hashOfNobody = [
  "$argon2id$v=19",
  `m=${COST.memoryCost},p=${COST.parallelism},t=${COST.timeCost}`,
  Buffer.alloc(16).toString("base64").replaceAll("=", ""),
  Buffer.alloc(32).toString("base64").replaceAll("=", ""),
].join("$");
