import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { afterAllSpecs, beforeAllSpecs } from "@chat/shared/testing/spec-run";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { migrationSets } from "../migrate/migration-sets.ts";
import { runCuts } from "./testing/cuts/run-cuts.ts";
import { createSeededRandom } from "./testing/cuts/seeded-random.ts";
import { withLog } from "./testing/with-log.ts";

jest.setTimeout(360_000);
/** The long run is `npm run cuts -- --log kafka`. */
const CUTS = 100;
/** What does not get there in this time fails, and says how far it got. */
const WITHIN_MS = 240_000;

beforeAll(beforeAllSpecs);
afterAll(afterAllSpecs);
describe("a device whose connection is cut again and again, with the log in Kafka", () => {
  it("hears everything: once and in order with a cursor, at least once without", () =>
    withPostgres(
      (database) =>
        withLog("kafka", database, async (open) => {
          const seed = Date.now();
          const verdict = await runCuts({
            logs: [await open(), await open()],
            pool: database.pool,
            cuts: CUTS,
            withinMs: WITHIN_MS,
            random: createSeededRandom(seed),
          });
          expect({ seed, wrong: verdict.wrong }).toEqual({ seed, wrong: [] });
          expect(verdict.cuts).toBeGreaterThanOrEqual(CUTS);
        }),
      { migrations: migrationSets },
    ));
});
