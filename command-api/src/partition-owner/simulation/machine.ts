import type { Clock } from "../clock.ts";
import type { VirtualTime } from "./virtual-time.ts";

/**
 * A process that can be stopped in its tracks (SIGSTOP) and killed (SIGKILL).
 *
 * Whatever reaches it from outside, an answer, a command or a timer, comes through `later`: while it is paused that
 * waits, and a killed process never hears of it.
 */
export interface Machine {
  readonly name: string;
  readonly clock: Clock;
  later(delayMs: number, act: () => void): void;
  pause(forMs: number): void;
  kill(): void;
  isAlive(): boolean;
  /** How long it stood still between two moments. */
  pausedBetween(from: number, to: number): number;
}

export function createMachine(name: string, time: VirtualTime): Machine {
  const pauses: { readonly from: number; readonly to: number }[] = [];
  let alive = true;
  let resumesAt = 0;

  function arrive(act: () => void): void {
    if (!alive) return;
    if (time.now() < resumesAt) {
      time.later(resumesAt - time.now(), () => {
        arrive(act);
      });
      return;
    }
    act();
  }

  function later(delayMs: number, act: () => void): void {
    time.later(delayMs, () => {
      arrive(act);
    });
  }

  return {
    name,
    later,
    clock: {
      now: time.now,
      sleep: (ms) =>
        new Promise((resolve) => {
          later(ms, resolve);
        }),
    },
    pause(forMs) {
      const from = Math.max(time.now(), resumesAt);
      resumesAt = from + forMs;
      pauses.push({ from, to: resumesAt });
    },
    kill() {
      alive = false;
    },
    isAlive: () => alive,
    pausedBetween: (from, to) =>
      pauses.reduce((sum, pause) => sum + Math.max(0, Math.min(to, pause.to) - Math.max(from, pause.from)), 0),
  };
}
