/** Chance from a seed: the same seed gives the same numbers, so that a run that failed can be run again. */
export interface Random {
  /** In [0, 1). */
  fraction(): number;
  /** In [from, to). */
  between(from: number, to: number): number;
  /** A whole number in [0, count). */
  below(count: number): number;
  /** True with this probability. */
  happens(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
}

/** Marsaglia's xorshift with 32 bits of state, its seed spread by a multiplication: small, and good enough for dice. */
export function createRandom(seed: number): Random {
  let state = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) | 1;

  function fraction(): number {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  }

  // The first numbers of neighbouring seeds are alike.
  for (let round = 0; round < 8; round += 1) fraction();

  return {
    fraction,
    between: (from, to) => from + fraction() * (to - from),
    below: (count) => Math.floor(fraction() * count),
    happens: (probability) => fraction() < probability,
    pick: (items) => {
      const item = items[Math.floor(fraction() * items.length)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
  };
}
