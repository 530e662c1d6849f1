import { expect } from "@jest/globals";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { migrationSets } from "../../../migrate/migration-sets.ts";
import { type LogKind, withLog } from "../with-log.ts";
import { runCuts } from "./run-cuts.ts";
import { createSeededRandom } from "./seeded-random.ts";

/** Other cuts each time, over two instances and a log of this kind; what is wrong is told with the seed that brings it back. */
export const checkCuts = (kind: LogKind, { cuts, withinMs }: { cuts: number; withinMs: number }): Promise<void> =>
  withPostgres(
    (database) =>
      withLog(kind, database, async (open) => {
        const seed = Date.now();
        const verdict = await runCuts({
          logs: [await open(), await open()],
          pool: database.pool,
          cuts,
          withinMs,
          random: createSeededRandom(seed),
        });
        expect({ seed, wrong: verdict.wrong }).toEqual({ seed, wrong: [] });
        expect(verdict.cuts).toBeGreaterThanOrEqual(cuts);
      }),
    { migrations: migrationSets },
  );
