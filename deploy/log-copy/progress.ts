/** Often enough to see that it moves. */
const sayEveryMs = 1_000;

interface Options {
  readonly total: number;
  readonly say: (line: string) => void;
  readonly now?: () => number;
}

export interface Progress {
  /** So many more records are where they belong. */
  add(records: number): void;
  end(): void;
}

/** Lines for a person who waits: how much of it is done, and how fast it goes. */
export function createProgress({ total, say, now = () => performance.now() }: Options): Progress {
  const began = now();
  let done = 0;
  let saidAt = began;

  function tell(): void {
    saidAt = now();
    const perSecond = Math.round((done * 1_000) / Math.max(1, saidAt - began));
    const share = total === 0 ? 100 : Math.floor((100 * done) / total);
    say(`${done} of ${total} records (${share} %), ${perSecond} a second`);
  }

  return {
    add(records) {
      done += records;
      if (now() - saidAt >= sayEveryMs) tell();
    },
    end: tell,
  };
}
