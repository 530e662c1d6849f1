import { GCProfiler } from "node:v8";
import { describe, expect, it } from "@jest/globals";
import { createLogger } from "../telemetry/logger.ts";
import { withPostgres } from "../testing/with-postgres.ts";
import { createClient, createPool } from "./connect.ts";

const log = createLogger({ service: "spec", level: "silent" });

const ANSWERS = 3_000;
/** Enough that whatever else this process has just made is either dead or moved before it is counted. */
const ANSWERS_BEFORE = 1_500;
const ANSWER_BYTES = 20_000;
const select = { name: "long", text: `SELECT repeat('x', ${String(ANSWER_BYTES)}) || $1 AS text` };

/** How much collections of young garbage have moved to the old heap. */
function movedToOldHeap({ statistics }: ReturnType<GCProfiler["stop"]>): number {
  const oldIn = (heap: (typeof statistics)[number]["beforeGC"]): number =>
    heap.heapSpaceStatistics.find(({ spaceName }) => spaceName === "old_space")?.spaceUsedSize ?? 0;
  return statistics
    .filter(({ gcType }) => gcType === "Scavenge")
    .reduce((bytes, { beforeGC, afterGC }) => bytes + oldIn(afterGC) - oldIn(beforeGC), 0);
}

describe("an answer that was given", () => {
  it.each(["over a pool", "over a connection of one's own"])(
    "dies young, and so costs next to nothing: %s",
    async (way) => {
      await withPostgres(async ({ url }) => {
        const options = { url, name: "forgetful", answerWithinMs: 60_000, log };
        const pool = createPool({ ...options, max: 1 });
        const client = createClient(options);
        await client.connect();
        const asked = way === "over a pool" ? pool : client;
        const ask = async (times: number): Promise<void> => {
          for (let nth = 0; nth < times; nth += 1) {
            const { rows } = await asked.query<{ text: string }>({ ...select, values: [String(nth)] });
            expect(rows[0]?.text.length).toBeGreaterThan(ANSWER_BYTES);
          }
        };
        await ask(ANSWERS_BEFORE);
        const profiler = new GCProfiler();
        profiler.start();
        await ask(ANSWERS);
        expect(movedToOldHeap(profiler.stop())).toBeLessThan((ANSWERS * ANSWER_BYTES) / 10);
        await client.end();
        await pool.end();
      });
    },
  );
});
