/** Lets so many pieces of work run at once; the others wait in the order in which they came. */
export interface Gate {
  <T>(work: () => Promise<T>): Promise<T>;
  /** How many wait for their turn. */
  waiting(): number;
  /** How many have ever run at once. */
  most(): number;
}

export function createGate(atOnce: number): Gate {
  const waiting: (() => void)[] = [];
  let running = 0;
  let most = 0;

  async function run<T>(work: () => Promise<T>): Promise<T> {
    if (running < atOnce) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    most = Math.max(most, running);
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  }

  return Object.assign(run, { waiting: () => waiting.length, most: () => most });
}
