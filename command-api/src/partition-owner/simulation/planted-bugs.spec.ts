import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { plantedBugs } from "./planted-bugs.ts";
import { simulate } from "./simulation.ts";

/** The rarest ones need about 150 runs; all start at the same seed, so that this never depends on luck. */
const maxRuns = 2_000;
const timeoutMs = 120_000;

describe("the simulation bites: it finds", () => {
  const { stackTraceLimit } = Error;
  beforeAll(() => {
    Error.stackTraceLimit = 0;
  });
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });

  it.each(Object.entries(plantedBugs))(
    "%s",
    async (_, bug) => {
      let found: readonly string[] = [];
      for (let seed = 1; seed <= maxRuns && found.length === 0; seed += 1) {
        const { violations, history } = await simulate(seed, bug);
        // A log that was cut is bad enough without a bug.
        if (history.cutAt === null) found = violations;
      }
      expect(found).not.toEqual([]);
    },
    timeoutMs,
  );
});
