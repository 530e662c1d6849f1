import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { atLeast, type Experiment, figure, type Sample } from "../experiment.ts";
import type { Bench } from "../bench.ts";
import { formatCount } from "../table.ts";
import { runProgram, startSilentProgram } from "../processes.ts";
import { copyLog, insertAtOnce, projectedOf } from "./projected-rows.ts";

/** Of what one insert does; the rest is decoding, other tables, checkpoints and commits. */
const SHARE = 0.3;
const LOOK_EVERY_MS = 20;
const CATCHES_UP_WITHIN_MS = 300_000;

export const catchUp: Experiment = {
  name: "catch-up",
  open: openCatchUp,
  lines: (ours, floor, sizes) => [
    {
      work: `projector catching up ${formatCount(sizes.history)} events`,
      unit: "rows/s",
      floor: figure(floor, "perSecond"),
      ours: figure(ours, "perSecond"),
      required: atLeast(SHARE * figure(floor, "perSecond")),
      note: "30 % of the floor",
    },
  ],
};

/** A database with a log and no read models yet, and a projector that is started on it alone. */
async function openCatchUp(bench: Bench) {
  await bench.history();
  const events = bench.options.sizes.history;
  const url = await bench.databaseUrl("catch_up");
  let db: pg.Pool | null = null;

  async function ours(): Promise<Sample> {
    await db?.end();
    await bench.db().query("DROP DATABASE IF EXISTS catch_up");
    await bench.db().query("CREATE DATABASE catch_up");
    const environment = { DATABASE_URL: url, LOG_LEVEL: "warn", PORT: "0" };
    await runProgram("deploy/migrate/main.ts", { environment });
    db = new pg.Pool({ connectionString: url, max: 1 });
    const end = await copyLog(bench.db(), db, events);
    const projector = startSilentProgram("projector/src/main.ts", { environment });
    try {
      return await watch(db, end);
    } finally {
      await projector.stop();
    }
  }

  /** From the first commit that is seen, so that the start of the process is not in it. */
  async function watch(pool: pg.Pool, end: number): Promise<Sample> {
    const deadline = performance.now() + CATCHES_UP_WITHIN_MS;
    const start = await projectedOf(pool);
    let first: { readonly at: number; readonly projected: number } | null = null;
    for (;;) {
      const projected = await projectedOf(pool);
      const at = performance.now();
      if (first === null && projected > start) first = { at, projected };
      if (projected >= end && first !== null) {
        const { rows } = await pool.query<{ rows: string }>(
          "SELECT (SELECT count(*) FROM read_1.messages) + (SELECT count(*) FROM read_1.chat_events) AS rows",
        );
        const share = (end - first.projected) / (end - start);
        const written = Number(rows[0]?.rows) * share;
        return { perSecond: (written / (at - first.at)) * 1_000, events: end - start, ms: at - first.at };
      }
      if (at > deadline) {
        bench.faults.add(`the projector stands at ${projected} of ${end}`);
        return { perSecond: 0, events: end - start, ms: at };
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  return {
    ours,
    /** The rows that the projector has made in the round before; the first round makes them first. */
    async floor(): Promise<Sample> {
      if (db === null) await ours();
      if (db === null) throw new Error("nothing was projected");
      return insertAtOnce(db);
    },
    close: async () => db?.end(),
  };
}
