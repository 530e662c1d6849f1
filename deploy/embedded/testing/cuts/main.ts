import { parseArgs } from "node:util";
import { afterContainerSpecs, beforeContainerSpecs } from "@chat/shared/testing/containers-run";
import { afterAllSpecs, beforeAllSpecs } from "@chat/shared/testing/spec-run";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { migrationSets } from "../../../migrate/migration-sets.ts";
import { logKinds, withLog } from "../with-log.ts";
import { runCuts } from "./run-cuts.ts";
import { createSeededRandom } from "./seeded-random.ts";

const usage = `npm run cuts -- [options]

Cuts the connections of eight devices at random bytes, over and over, while events are written and two instances tell
them; then says whether each was told everything: once and in order with a cursor, at least once without.

  --cuts <n>     how many connections are cut (10000)
  --log <kind>   ${logKinds.join(", ")} (memory); kafka needs Docker
  --seed <n>     where they are cut; by the clock when absent, and printed
  --help         this
`;
const SAY_EVERY_MS = 5_000;

const { values } = parseArgs({
  options: {
    cuts: { type: "string", default: "10000" },
    log: { type: "string", default: "memory" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    help: { type: "boolean", default: false },
  },
});
const kind = logKinds.find((one) => one === values.log);
const [cuts, seed] = [Number(values.cuts), Number(values.seed)];
const faults = [
  ...(kind === undefined ? [`--log is one of ${logKinds.join(", ")}`] : []),
  ...(Number.isSafeInteger(cuts) && cuts > 0 ? [] : ["--cuts is a whole number above 0"]),
  ...(Number.isSafeInteger(seed) && seed >= 0 ? [] : ["--seed is a whole number"]),
];

if (values.help) process.stdout.write(usage);
else if (kind === undefined || faults.length > 0) {
  process.stderr.write(`${faults.join("\n")}\n\n${usage}`);
  process.exitCode = 1;
} else {
  process.stdout.write(`${cuts} cuts, log in ${kind}, --seed ${seed}\n`);
  await beforeAllSpecs();
  if (kind === "kafka") await beforeContainerSpecs();
  const startedAt = performance.now();
  let saidAt = startedAt;
  const progress = (done: number, messages: number): void => {
    const now = performance.now();
    if (now - saidAt < SAY_EVERY_MS) return;
    saidAt = now;
    process.stdout.write(`${Math.round((now - startedAt) / 1_000)} s: ${done} cuts, ${messages} messages\n`);
  };
  try {
    const verdict = await withPostgres(
      (database) =>
        withLog(kind, database, async (open) =>
          runCuts({
            logs: [await open(), await open()],
            pool: database.pool,
            cuts,
            random: createSeededRandom(seed),
            progress,
          }),
        ),
      { migrations: migrationSets },
    );
    process.stdout.write(verdict.wrong.map((fault) => `WRONG: ${fault}\n`).join(""));
    const kept = verdict.wrong.length === 0 ? "every promise was kept" : "promises were broken";
    const { cuts: made, messages, doubles } = verdict;
    process.stdout.write(`${made} cuts, ${messages} messages, ${doubles} doubles for plain devices: ${kept}\n`);
    process.exitCode = verdict.wrong.length === 0 ? 0 : 1;
  } finally {
    if (kind === "kafka") await afterContainerSpecs();
    await afterAllSpecs();
  }
}
