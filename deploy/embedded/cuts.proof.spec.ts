import { describe, expect, it, jest } from "@jest/globals";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { migrationSets } from "../migrate/migration-sets.ts";
import { withLogsOfTwo } from "./testing/cuts/logs-of-two.ts";
import { runCuts } from "./testing/cuts/run-cuts.ts";
import { createSeededRandom } from "./testing/cuts/seeded-random.ts";

jest.setTimeout(600_000);
/** A minute where nothing else runs; a busy machine stops here, with fewer. The long run is `npm run cuts`. */
const WITHIN_MS = 240_000;
const MIN_CUTS = 20;
/** A slice of what `npm run cuts` does, as long as specs may take: together a thousand. */
const slices = [
  ["memory", 800],
  ["postgres", 200],
] as const;

describe("a device whose connection is cut again and again, at any byte", () => {
  it.each(slices)("hears everything, with the log in %s: once with a cursor, at least once without", (kind, cuts) =>
    withPostgres(
      ({ pool }) =>
        withLogsOfTwo(kind, pool, async (logs) => {
          const seed = Date.now();
          const verdict = await runCuts({
            logs,
            pool,
            cuts,
            withinMs: WITHIN_MS,
            random: createSeededRandom(seed),
          });
          expect({ seed, wrong: verdict.wrong }).toEqual({ seed, wrong: [] });
          expect(verdict.cuts).toBeGreaterThanOrEqual(MIN_CUTS);
        }),
      { migrations: migrationSets },
    ),
  );
});
