import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createChance } from "../harness/chance.ts";
import { CAUGHT_UP_WITHIN_MS, type Verdict } from "./checker.ts";
import { checkFile, openHistoryFile } from "./history-file.ts";
import { runNemesis } from "./stack/nemesis.ts";
import { startStack } from "./stack/stack.ts";
import { startWorkload } from "./workload/workload.ts";

/**
 * Enough to share every partition among writers, and few enough for two cores to go on under all this. Every second connection
 * lives to see a heartbeat: a plain device that proves nothing is told everything again each time that it comes back.
 */
const SIZES = { people: 8, guests: 2, rooms: 6, restMs: 120, attachPercent: 3, connectedMs: 50_000 };

/** So much is done before the first fault: there is something to lose. */
const CALM_CALLS = 100;
const CALM_WITHIN_MS = 120_000;
/** People go on writing so long after the last fault, so that all goes on with what the faults have left behind. */
const AFTER_FAULTS_MS = 5_000;
const SAY_EVERY_MS = 10_000;
/** Beyond the promise, so that one sees by how much it was broken. */
const REST_WITHIN_MS = CAUGHT_UP_WITHIN_MS + 60_000;

interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly folder: string;
  readonly say: (line: string) => void;
  /** Aborted by who wants to end it before its time: then there is no verdict. */
  readonly interrupted: AbortSignal;
}

/** One run, from an empty broker to the verdict; null when it was interrupted. */
export async function runChaos({ minutes, seed, folder, say, interrupted }: Options): Promise<Verdict | null> {
  const path = join(folder, "history.jsonl");
  const history = openHistoryFile(path);
  const { note } = history;
  await using running = new AsyncDisposableStack();
  const gaveUp = (what: string): void => note({ type: "unexpected", what });
  const stack = await startStack({ folder, say, gaveUp });
  running.defer(() => stack.stop());
  const { addresses, queryApis, victims } = stack;
  const workload = await startWorkload({ addresses, queryApis, seed, sizes: SIZES, note });
  running.defer(() => workload.stop());
  const begin = performance.now();
  const at = (): string => `${((performance.now() - begin) / 1_000).toFixed(1).padStart(7)} s`;
  const telling = setInterval(() => {
    const { count } = history;
    say(
      `${at()}  ${count("ok")} done, ${count("fail")} failed, ${count("info")} in doubt, ` +
        `${count("frame")} frames, ${count("fault")} faults`,
    );
  }, SAY_EVERY_MS);
  running.defer(() => clearInterval(telling));

  const writingMs = minutes * 60_000;
  say(`${at()}  people write`);
  while (history.count("ok") < CALM_CALLS && !interrupted.aborted) {
    if (performance.now() - begin > CALM_WITHIN_MS) throw new Error("nothing gets done before there is any trouble");
    await pause(SAY_EVERY_MS / 100);
  }
  say(`${at()}  trouble begins`);
  await runNemesis({
    victims,
    chance: createChance(seed),
    interrupted,
    over: AbortSignal.any([AbortSignal.timeout(Math.max(0, writingMs - AFTER_FAULTS_MS)), interrupted]),
    happens(what) {
      note({ type: "fault", what });
      say(`${at()}  ${what}`);
    },
  });
  const healed = performance.now();
  note({ type: "healed" });
  say(`${at()}  no more faults`);
  await pause(AFTER_FAULTS_MS, undefined, { signal: interrupted }).catch(() => undefined);
  if (interrupted.aborted) return null;
  if (!(await workload.stopWriting(REST_WITHIN_MS)))
    note({ type: "unexpected", what: `a writer had no clear answer ${REST_WITHIN_MS} ms after the last fault` });
  const atRest = await workload.comeToRest(healed, REST_WITHIN_MS);
  if (interrupted.aborted) return null;
  say(`${at()}  ${atRest ? "all is at rest" : "all has not come to rest"}; what is there is read and rebuilt`);
  await workload
    .lookAtRest()
    .catch((error: unknown) =>
      note({ type: "unexpected", what: error instanceof Error ? error.message : String(error) }),
    );
  const { equal, said } = await stack.rebuild();
  note({ type: "rebuild", equal, said });
  await running.disposeAsync();
  await history.close();
  return await checkFile(path);
}
