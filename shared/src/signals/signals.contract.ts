import { describe, expect, it } from "@jest/globals";
import { eventually } from "../testing/eventually.ts";
import { MAX_USERS_PER_SIGNAL, type Signal } from "./signal.ts";
import type { Signals } from "./signals.ts";

/** Opens one more party to the same signals, as another process would; what was opened is closed at the end of `use`. */
export type UseSignals = (use: (open: () => Promise<Signals>) => Promise<void>) => Promise<void>;

/** Servers take a while, on a busy machine more. */
const within = { within: 30_000 };

/** What every way of signals keeps to. */
export function describeSignals(name: string, use: UseSignals): void {
  describe(`signals by ${name}`, () => {
    it("reach everybody who listens, each publisher's in order, and its own process too", () =>
      use(async (open) => {
        const parties = [await open(), await open(), await open()];
        const heard = await Promise.all(parties.map((party) => listening(party)));
        for (let number = 1; number <= 300; number += 1) {
          for (const [index, party] of parties.entries()) party.publish(beat(String(index), number));
        }
        for (const one of heard) {
          for (const index of parties.keys()) {
            await eventually(() => expect(one.numbersOf(String(index))).toEqual(range(1, 300)), within);
          }
        }
      }));

    it("carry the longest there are, whole", () =>
      use(async (open) => {
        const [from, to] = [await open(), await open()];
        const { heard } = await listening(to);
        const id = "9".repeat(18);
        const ids = Array.from({ length: MAX_USERS_PER_SIGNAL }, () => id);
        const longest: Signal[] = [
          { type: "everyone", instance: "x".repeat(36), number: 1, part: 0, parts: 1, users: ids },
          { type: "profile", user: { id, name: "😀".repeat(50), city: "\u0001".repeat(100), avatar: null } },
        ];
        // Said again and again: one alone may be lost.
        await eventually(() => {
          for (const signal of longest) from.publish(signal);
          expect(heard).toEqual(expect.arrayContaining(longest));
        }, within);
      }));

    it("tell nothing of the past to who comes later, and nothing more to who has stopped listening", () =>
      use(async (open) => {
        const [from, to] = [await open(), await open()];
        const first = await listening(to);
        from.publish(beat("before", 1));
        await eventually(() => expect(first.numbersOf("before")).toEqual([1]), within);
        const late = await listening(await open());
        first.end();
        from.publish(beat("after", 1));
        await eventually(() => expect(late.numbersOf("after")).toEqual([1]), within);
        expect(late.numbersOf("before")).toEqual([]);
        expect(first.numbersOf("after")).toEqual([]);
      }));
  });
}

export const beat = (instance: string, number: number): Signal => ({ type: "beat", instance, number });

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Resolves when it surely hears: until then a signal may be lost. */
export async function listening(party: Signals) {
  const heard: Signal[] = [];
  const end = party.subscribe((signal) => heard.push(signal));
  const numbersOf = (instance: string): number[] =>
    heard.flatMap((signal) => (signal.type === "beat" && signal.instance === instance ? [signal.number] : []));
  const probe = `probe ${Math.random()}`;
  await eventually(() => {
    party.publish(beat(probe, 0));
    expect(numbersOf(probe).length).toBeGreaterThan(0);
  }, within);
  return { heard, end, numbersOf };
}
