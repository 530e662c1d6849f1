/** Offsets by partition, as the log's `ends()` gives them. */
type Ends = readonly number[];

export interface KnownLag {
  /** The log ended there at `now`. */
  note(ends: Ends, now: number): void;
  /** Ends that were true `lagMs` before `now` or earlier: whoever has not reached them lags by more than that. */
  endsBefore(now: number): Ends | null;
}

/** So few are kept: 20 of them reach back two seconds. */
const samplesKept = 20;

/** Remembers where the log ended a while ago, so that a lag that is known need not be waited out again by every reader. */
export function createKnownLag(lagMs: number): KnownLag {
  const everyMs = lagMs / samplesKept;
  const samples: { readonly ends: Ends; readonly at: number }[] = [];

  /** Of the samples that are old enough only the newest says anything. */
  function forget(now: number): void {
    while (samples[1] !== undefined && samples[1].at <= now - lagMs) samples.shift();
  }

  return {
    note(ends, now) {
      const last = samples.at(-1);
      if (last !== undefined && now < last.at + everyMs) return;
      forget(now);
      samples.push({ ends, at: now });
    },
    endsBefore(now) {
      forget(now);
      const oldest = samples[0];
      return oldest !== undefined && oldest.at <= now - lagMs ? oldest.ends : null;
    },
  };
}
