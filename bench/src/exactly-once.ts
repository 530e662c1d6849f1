/** What was wrong; a run with any fault has failed, however quick it was. */
export interface Faults {
  add(fault: string): void;
  readonly all: readonly string[];
  readonly count: () => number;
}

/** A broken run may fault a million times; the first ones say it all. */
const KEPT = 20;

/** `say` hears the first ones at once: a run that goes wrong may also never end. */
export function createFaults(say: (fault: string) => void): Faults {
  const all: string[] = [];
  let count = 0;
  return {
    all,
    count: () => count,
    add(fault) {
      count += 1;
      if (all.length >= KEPT) return;
      all.push(fault);
      say(`FAULT ${fault}`);
    },
  };
}

/** Sees that numbers come densely and in order: nothing lost, nothing doubled. */
export interface Sequence {
  saw(seq: number): void;
  /** The next number that is right to come. */
  next(): number;
}

export function createSequence(who: string, first: number, faults: Faults): Sequence {
  let next = first;
  return {
    next: () => next,
    saw(seq) {
      if (seq === next) {
        next += 1;
      } else if (seq < next) {
        faults.add(`${who} got ${seq} again, or late: ${next} was next`);
      } else {
        faults.add(`${who} got ${seq} and nothing between it and ${next - 1}`);
        next = seq + 1;
      }
    },
  };
}

/** Numbers that came by several ways are together dense, each once. */
export function checkDense(who: string, seqs: readonly number[], first: number, faults: Faults): void {
  const sequence = createSequence(who, first, faults);
  for (const seq of seqs.toSorted((a, b) => a - b)) sequence.saw(seq);
}
