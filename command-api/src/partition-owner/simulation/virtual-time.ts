import { nextTick } from "node:process";
import type { Random } from "./random.ts";

/**
 * Time that passes only from one task to the next: hours take milliseconds, and one seed gives one interleaving.
 *
 * Everything in a simulation that takes time goes through `later`. A task and all promises that it settles run to
 * their end before the next task begins.
 */
export interface VirtualTime {
  /** Milliseconds since the run began. */
  now(): number;
  later(delayMs: number, task: () => void): void;
  /** Runs tasks in the order of their time until `done()`, or until the time is up. */
  run(untilMs: number, done: () => boolean): Promise<void>;
}

interface Task {
  readonly at: number;
  /** Tasks of one moment run in any order. */
  readonly tie: number;
  readonly act: () => void;
}

export function createVirtualTime(random: Random): VirtualTime {
  const heap: Task[] = [];
  let now = 0;

  return {
    now: () => now,
    later(delayMs, act) {
      push(heap, { at: now + delayMs, tie: random.fraction(), act });
    },
    run: (untilMs, done) =>
      new Promise((resolve, reject) => {
        const nextStep = (): void => {
          nextTick(step);
        };
        const step = (): void => {
          const next = heap[0];
          if (next === undefined || next.at > untilMs || done()) {
            resolve();
            return;
          }
          pop(heap);
          now = next.at;
          try {
            next.act();
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
            return;
          }
          // The next tick comes when all promises that are settled, and those that they settle, have run.
          queueMicrotask(nextStep);
        };
        setImmediate(step);
      }),
  };
}

const before = (a: Task, b: Task): boolean => a.at < b.at || (a.at === b.at && a.tie < b.tie);

function push(heap: Task[], task: Task): void {
  let hole = heap.length;
  heap.push(task);
  while (hole > 0) {
    const above = (hole - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || before(parent, task)) break;
    heap[hole] = parent;
    hole = above;
  }
  heap[hole] = task;
}

function pop(heap: Task[]): void {
  const task = heap.pop();
  if (task === undefined || heap.length === 0) return;
  let hole = 0;
  for (;;) {
    const left = heap[2 * hole + 1];
    const right = heap[2 * hole + 2];
    if (left === undefined) break;
    const [child, at] = right !== undefined && before(right, left) ? [right, 2 * hole + 2] : [left, 2 * hole + 1];
    if (before(task, child)) break;
    heap[hole] = child;
    hole = at;
  }
  heap[hole] = task;
}
