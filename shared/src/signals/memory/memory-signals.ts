import { createHearers } from "../hearers.ts";
import { decodeSignal, encodeSignal } from "../signal.ts";
import type { SignalsService } from "../signals.ts";

/** Signals within one process: of whoever is alone in it, and for specs. */
export function createMemorySignals(): SignalsService {
  const hearers = createHearers();
  return {
    name: "signals in memory",
    publish(signal) {
      // Through the same form as on every other way, and later, as there: nobody hears before `publish` has returned.
      const line = encodeSignal(signal);
      setImmediate(() => {
        const heard = decodeSignal(line);
        if (heard !== null) hearers.tell(heard);
      });
    },
    subscribe: hearers.add,
    lost: () => 0,
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}
