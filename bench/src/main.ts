import { writeFile } from "node:fs/promises";
import { type Experiment, isMet, type Line, type Measurable, mediansOf, type Sample } from "./experiment.ts";
import type { Bench } from "./bench.ts";
import { openBench } from "./open-bench.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { pinDriver } from "./processes.ts";
import { catchUp } from "./rows/catch-up.ts";
import { crowd, loneSender, pairs, room } from "./rows/busy-rooms.ts";
import { postToManyChats, postToOneChat } from "./rows/post-messages.ts";
import { client } from "./rows/client.ts";
import { historyDepths } from "./rows/history-depths.ts";
import { historyPages } from "./rows/history-pages.ts";
import { idleSockets } from "./rows/idle-sockets.ts";
import { largeFiles } from "./rows/large-files.ts";
import { openPage } from "./rows/open-page.ts";
import { pushAfterPost } from "./rows/push-after-post.ts";
import { revoked } from "./rows/revoked.ts";
import { restart } from "./rows/restart.ts";
import { slowReaders } from "./rows/slow-readers.ts";
import { steadyGroups } from "./rows/steady-groups.ts";
import { storm } from "./rows/storm.ts";
import { reads } from "./rows/reads.ts";
import { missedFromJournal, missedFromMemory } from "./rows/missed.ts";
import { formatNumber, formatTable } from "./table.ts";

const experiments: readonly Experiment[] = [
  postToManyChats,
  postToOneChat,
  pairs,
  loneSender,
  pushAfterPost,
  steadyGroups,
  room,
  crowd,
  historyPages,
  historyDepths,
  catchUp,
  missedFromMemory,
  missedFromJournal,
  client,
  reads,
  openPage,
  largeFiles,
  restart,
  storm,
  idleSockets,
  slowReaders,
  revoked,
];

interface Measured {
  readonly name: string;
  readonly lines: readonly Line[];
  readonly ours: readonly Sample[];
  readonly floor: readonly Sample[];
}

/** Measured by rounds: figures of ours and of the floor fall from the first to the third, and stay from there on. */
const WARM_UP_ROUNDS = 3;

const options = optionsOrHelp();
if (options !== null) process.exitCode = await run(options);

/** 0: all was right, and every figure that is judged is met or not: a slow machine is no fault. 1: something was lost, doubled or out of order. */
async function run(options: Options): Promise<number> {
  if (options.pinned && !pinDriver())
    process.stderr.write("taskset or a second core is missing: server and driver share what there is\n");
  const chosen = experiments.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  const bench = await openBench(options);
  const measured: Measured[] = [];
  try {
    for (const experiment of chosen) measured.push(await measure(bench, experiment));
  } finally {
    await bench.close();
  }
  const lines = measured.flatMap((experiment) => experiment.lines);
  process.stdout.write(`${formatTable(lines, !options.smoke)}\n`);
  if (options.json !== null) await writeFile(options.json, `${JSON.stringify(measured, null, 2)}\n`);
  const { faults } = bench;
  for (const fault of faults.all) process.stdout.write(`FAULT ${fault}\n`);
  const missed = options.smoke ? 0 : lines.filter((line) => !isMet(line)).length;
  process.stdout.write(`${faults.count()} faults; ${lines.length} figures, ${missed} missed\n`);
  return faults.count() === 0 ? 0 : 1;
}

async function measure(bench: Bench, experiment: Experiment): Promise<Measured> {
  const { options, say } = bench;
  say(`${experiment.name}: preparing`);
  const measurable: Measurable = await experiment.open(bench);
  const ours: Sample[] = [];
  const floor: Sample[] = [];
  const rounds = Math.min(options.rounds, measurable.maxRounds ?? Number.POSITIVE_INFINITY);
  try {
    if (measurable.warmUp === true && !options.smoke) {
      // What runs for weeks is compiled; the first rounds would measure the compiler, in the floor as well.
      for (let round = 1; round <= WARM_UP_ROUNDS; round += 1) {
        await measurable.floor?.();
        await measurable.ours();
      }
    }
    for (let round = 1; round <= rounds; round += 1) {
      const floorSample = await measurable.floor?.();
      if (floorSample !== undefined) floor.push(floorSample);
      if (floorSample !== undefined) say(`${experiment.name} ${round}/${rounds} floor: ${describe(floorSample)}`);
      const sample = await measurable.ours();
      ours.push(sample);
      say(`${experiment.name} ${round}/${rounds} ours:  ${describe(sample)}`);
    }
  } finally {
    await measurable.close();
  }
  const lines = experiment.lines(mediansOf(ours), mediansOf(floor), options.sizes);
  return { name: experiment.name, lines, ours, floor };
}

function describe(sample: Sample): string {
  return Object.entries(sample)
    .map(([name, value]) => `${name} ${formatNumber(value)}`)
    .join(", ");
}

function optionsOrHelp(): Options | null {
  try {
    const read = readOptions(process.argv.slice(2));
    const unknown = read?.only.find((name) => !experiments.some((experiment) => experiment.name === name));
    if (unknown !== undefined) throw new TypeError(`there is no experiment ${unknown}`);
    if (read === null)
      process.stdout.write(`${usage}\nExperiments: ${experiments.map(({ name }) => name).join(", ")}\n`);
    return read;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n${usage}`);
    process.exitCode = 2;
    return null;
  }
}
