import { parentPort, Worker, workerData } from "node:worker_threads";
import { simulate } from "./simulation.ts";

/** What came of many runs. The first one that failed is told whole; no other comes after it. */
export interface ManyRuns {
  readonly runs: number;
  /** In how many of them the log was cut. */
  readonly cuts: number;
  readonly failure: string | null;
}

interface Seeds {
  readonly first: number;
  readonly count: number;
}

/** Runs seeds in a thread of its own: in jest's sandbox, where every global is looked up, a run takes twice as long. */
export function simulateInThread(seeds: Seeds): Promise<ManyRuns> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { seeds } });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => {
      reject(new Error("the thread ended without a word"));
    });
  });
}

/** Null when all that was promised was kept; else everything that is needed to understand why not. */
export async function failureOf(seed: number): Promise<{ readonly failure: string | null; readonly wasCut: boolean }> {
  const { violations, history } = await simulate(seed);
  const failed = violations.length > 0;
  return {
    failure: failed ? [`seed ${String(seed)}`, ...violations, "", ...history.lines()].join("\n") : null,
    wasCut: history.cutAt !== null,
  };
}

async function simulateMany({ first, count }: Seeds): Promise<ManyRuns> {
  // Thousands of errors are thrown on purpose; their stacks would take a third of the time.
  Error.stackTraceLimit = 0;
  let cuts = 0;
  for (let runs = 0; runs < count; runs += 1) {
    const { failure, wasCut } = await failureOf(first + runs);
    if (failure !== null) return { runs, cuts, failure };
    if (wasCut) cuts += 1;
  }
  return { runs: count, cuts, failure: null };
}

const { seeds } = (workerData ?? {}) as { readonly seeds?: Seeds };
if (parentPort !== null && seeds !== undefined) parentPort.postMessage(await simulateMany(seeds));
