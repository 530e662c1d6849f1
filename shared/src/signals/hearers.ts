import { decodeSignal, type Signal } from "./signal.ts";

/** Those of one process who listen. */
export interface Hearers {
  readonly count: () => number;
  add(hear: (signal: Signal) => void): () => void;
  tell(signal: Signal): void;
  /** Lines, as a message of an adapter carries them. */
  tellLines(message: string): void;
}

export function createHearers(): Hearers {
  const all = new Set<(signal: Signal) => void>();

  function tell(signal: Signal): void {
    for (const hear of [...all]) hear(signal);
  }

  return {
    count: () => all.size,
    add(hear) {
      // Its own function each time: whoever listens twice hears twice.
      const one = (signal: Signal): void => hear(signal);
      all.add(one);
      return () => void all.delete(one);
    },
    tell,
    tellLines(message) {
      for (const line of message.split("\n")) {
        const signal = decodeSignal(line);
        if (signal !== null) tell(signal);
      }
    },
  };
}
