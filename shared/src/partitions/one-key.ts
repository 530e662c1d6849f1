import { CannotStart } from "../cannot-start.ts";
import { leaseMs, renewEveryMs, type Instance, type LeaseStore } from "./leases.ts";

/** Longer than the row of one that was killed stays: who is seen even then has renewed it meanwhile, and lives. */
const goneWithinMs = leaseMs + renewEveryMs;
/** Whoever takes the place of one that has left need not wait for long. */
const lookEveryMs = 100;

export interface OneKeyDependencies {
  readonly store: LeaseStore;
  readonly self: Instance;
  readonly clock: { now(): number; sleep(ms: number): Promise<void> };
}

/** The first of the others that says another key than ours. Who says none is of a version that did not, and is believed. */
export function ofAnotherKey(self: Instance, others: readonly Instance[]): Instance | undefined {
  return others.find(({ key }) => key !== null && self.key !== null && key !== self.key);
}

/**
 * Resolves when no instance with another key lives, and throws `CannotStart` when one does: tokens of one would not hold at the
 * other, and what one forwards the other would refuse. After all others have stopped any key is right.
 *
 * It is seen before it looks, and all the time up to then: of two who start at one moment the one that looks last sees the other,
 * so one refuses at least, and mostly both. They are not told apart, for nothing says which of the keys is the right one.
 */
export async function refuseBesideAnotherKey({ store, self, clock }: OneKeyDependencies): Promise<void> {
  if (self.key === null) return;
  // Nobody makes room for one that may have to leave.
  const me = { ...self, able: false };
  let before = clock.now();
  const deadline = before + goneWithinMs;
  await store.beat(me, []);
  for (;;) {
    const asked = clock.now();
    const other = ofAnotherKey(me, (await store.beat(me, [])).others);
    // Who was paused meanwhile was not to be seen, and looks again.
    if (other === undefined && clock.now() - before < leaseMs) return;
    if (other !== undefined && asked >= deadline) throw new CannotStart(whatToDo(other));
    before = asked;
    await clock.sleep(lookEveryMs);
  }
}

const whatToDo = ({ url }: Instance): string =>
  `another instance that uses this database (${url}) has another SECRET_KEY: give both the same one, or stop the other first ` +
  "(npm start without SECRET_KEY takes the one in the file secret of its DATA_DIR)";
