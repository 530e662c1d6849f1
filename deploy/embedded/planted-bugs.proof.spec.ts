import { describe, expect, it, jest } from "@jest/globals";
import { checkHistory, type Verdict } from "@chat/e2e/chaos/checker";
import type { Line } from "@chat/e2e/chaos/history";
import type { Rule } from "@chat/e2e/chaos/rules/violations";
import { NeverReady } from "@chat/e2e/chaos/workload/device";
import { startWorkload } from "@chat/e2e/chaos/workload/workload";
import { eventually } from "@chat/shared/testing/eventually";
import { plantedBugs } from "./testing/planted-bugs.ts";
import { ACCOUNTS, type PlantedBug, withPlantedBug } from "./testing/with-planted-bug.ts";

/** A round that has begun is played to its end, on a machine that does other things too. */
jest.setTimeout(300_000);
/** A bug shows itself by chance, in less than a minute where nothing else runs: it is looked for again, for so long. */
const FOUND_WITHIN_MS = 120_000;
const SIZES = { people: ACCOUNTS - 1, guests: 1, rooms: 2, restMs: 10, attachPercent: 0, connectedMs: 1_500 };
const CALM = { ...SIZES, connectedMs: 12_000 };
/** Calls that were done until people stop. */
const DONE = 80;
const DONE_CALM = 250;
/** What is broken never comes to rest. */
const REST_MS = 15_000;
const wide = 60_000;

describe("the checker", () => {
  it("finds nothing where nothing is wrong, however much is lost on the way", async () => {
    const { violations, counts } = await play({}, { restMs: wide });
    expect(violations).toEqual([]);
    expect(counts.unknown).toBeGreaterThan(0);
  });

  it.each(Object.entries(plantedBugs))("finds %s", async (_name, { breaks, bug, calm = false }) => {
    const late = performance.now() + FOUND_WITHIN_MS;
    let broken: readonly Rule[] = [];
    while (!breaks.some((rule) => broken.includes(rule)) && performance.now() < late)
      broken = await brokenBy(bug(), calm);
    expect(breaks).toContain(broken.find((rule) => breaks.includes(rule)));
  });
});

/** Some bugs keep a device out for good when it is cut off before anybody writes: then nobody begins, and nothing is seen. */
async function brokenBy(bug: PlantedBug, calm: boolean): Promise<readonly Rule[]> {
  try {
    return [...(await play(bug, { restMs: REST_MS, calm })).broken.keys()];
  } catch (error) {
    if (error instanceof NeverReady) return [];
    throw error;
  }
}

/** People write until enough was done; then what can come to rest does, and all that they saw is judged. */
async function play(bug: PlantedBug, { restMs, calm = false }: { restMs: number; calm?: boolean }): Promise<Verdict> {
  const lines: Line[] = [];
  let done = 0;
  await withPlantedBug(bug, async ({ accounts, url, socketUrl, heal }) => {
    const workload = await startWorkload({
      addresses: { commands: () => url, queries: () => url, sockets: () => socketUrl },
      queryApis: [url],
      seed: Math.floor(Math.random() * 2 ** 31),
      accounts,
      sizes: calm ? CALM : SIZES,
      note(entry) {
        if (entry.type === "ok") done += 1;
        lines.push({ t: performance.now(), ...entry });
      },
    });
    try {
      await eventually(
        () => {
          if (done < (calm ? DONE_CALM : DONE)) throw new Error(`${done} calls were done`);
        },
        { within: wide },
      ).catch(() => undefined);
      heal();
      await workload.stopWriting(restMs);
      await workload.comeToRest(performance.now(), restMs);
      await workload.lookAtRest().catch(() => undefined);
    } finally {
      await workload.stop();
    }
  });
  return checkHistory(lines);
}
