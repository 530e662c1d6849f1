import type { Machine } from "./machine.ts";
import type { Random } from "./random.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** How bad things are in one run. Probabilities are per request. */
export interface Weather {
  readonly lostRequests: number;
  readonly lostAnswers: number;
  /** The request was carried out, and the answer says that it failed. */
  readonly falseErrors: number;
  /** A request or answer that takes up to `longestDelayMs`: it may arrive after its sender has given up. */
  readonly slow: number;
  readonly longestDelayMs: number;
}

/** Requests of machines to something outside of them, the log or the database. */
export interface Network {
  /**
   * Has `perform` carried out at some later moment and brings its result back to the machine. Rejects when the answer
   * takes longer than a client waits; what was asked may then have happened, may happen later, or never.
   */
  request<T>(from: Machine, perform: () => Promise<T> | T): Promise<T>;
  /** How long something is on its way. */
  delay(): number;
  /** From now on nothing goes wrong. */
  clearUp(): void;
}

/** As real clients do: a request without an answer is given up. */
const patienceMs = 300;

const calm: Weather = { lostRequests: 0, lostAnswers: 0, falseErrors: 0, slow: 0, longestDelayMs: 0 };

export function createNetwork(time: VirtualTime, random: Random, forecast: Weather): Network {
  let weather = forecast;

  const delay = (): number =>
    random.happens(weather.slow) ? random.between(0, weather.longestDelayMs) : random.between(0.1, 5);

  return {
    delay,
    clearUp() {
      weather = calm;
    },
    request: (from, perform) =>
      new Promise((resolve, reject) => {
        const there = delay();
        const back = delay();
        const requestLost = random.happens(weather.lostRequests);
        const answerLost = requestLost || random.happens(weather.lostAnswers);
        const answersError = random.happens(weather.falseErrors);
        if (answerLost || there + back > patienceMs) {
          from.later(patienceMs, () => {
            reject(new Error("no answer in time"));
          });
        }
        if (requestLost) return;
        time.later(there, () => {
          void Promise.resolve()
            .then(perform)
            .then(
              (result) => () => {
                if (answersError) reject(new Error("an error was answered"));
                else resolve(result);
              },
              (error: unknown) => () => {
                reject(error instanceof Error ? error : new Error(String(error)));
              },
            )
            .then((answer) => {
              if (!answerLost) from.later(back, answer);
            });
        });
      }),
  };
}
