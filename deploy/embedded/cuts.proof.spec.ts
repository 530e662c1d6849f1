import { describe, expect, it, jest } from "@jest/globals";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { migrationSets } from "../migrate/migration-sets.ts";
import { runCuts } from "./testing/cuts/run-cuts.ts";
import { createSeededRandom } from "./testing/cuts/seeded-random.ts";
import { withLog } from "./testing/with-log.ts";

jest.setTimeout(600_000);
/** Half a minute on a machine with twenty others' work; what does not get there in this time fails, and says how far it got. */
const WITHIN_MS = 300_000;
/** A slice of what `npm run cuts` does: together a thousand. */
const CUTS_EACH = 500;

describe("a device whose connection is cut again and again, at any byte", () => {
  it.each(["memory", "postgres"] as const)(
    "hears everything, with the log in %s: once with a cursor, at least once without",
    (kind) =>
      withPostgres(
        (database) =>
          withLog(kind, database, async (open) => {
            const seed = Date.now();
            const verdict = await runCuts({
              logs: [await open(), await open()],
              pool: database.pool,
              cuts: CUTS_EACH,
              withinMs: WITHIN_MS,
              random: createSeededRandom(seed),
            });
            expect({ seed, wrong: verdict.wrong }).toEqual({ seed, wrong: [] });
            expect(verdict.cuts).toBeGreaterThanOrEqual(CUTS_EACH);
          }),
        { migrations: migrationSets },
      ),
  );
});
