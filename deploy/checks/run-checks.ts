/**
 * `npm test`: every check, one after the other, and at the end the counts. `npm test -- --proofs` runs the long proofs too:
 * what kills, cuts and pauses things for minutes.
 *
 * It goes on after a step that failed: whoever waits for a run on another machine wants to know all that is wrong, not
 * the first of it. A check without specs (format, lint, types, boundaries) counts as one test, so that the last line never
 * says "0 failed" when something did.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import {
  addCounts,
  countsAfterSecondRun,
  countsOfJest,
  countsOfStep,
  failedFiles,
  formatCounts,
  nothingRan,
} from "./counts.ts";
import type { Counts } from "./counts.ts";

interface Step {
  readonly title: string;
  readonly script: string;
  readonly runsSpecs: boolean;
  /** Whether its specs share the machine with processes, sockets and disks, which are not the same twice. */
  readonly sharesMachine?: boolean;
  /** Takes minutes: run when somebody asks for it. */
  readonly isProof?: boolean;
}

/** What reads the source and starts nothing, the longest first: two at a time. */
const sourceChecks: readonly Step[] = [
  { title: "lint", script: "lint", runsSpecs: false },
  { title: "types", script: "types", runsSpecs: false },
  { title: "format", script: "format:check", runsSpecs: false },
  { title: "boundaries", script: "boundaries", runsSpecs: false },
];
const SOURCE_CHECKS_AT_ONCE = 2;

const allSteps: readonly Step[] = [
  { title: "unit specs", script: "test:unit", runsSpecs: true },
  { title: "int specs", script: "test:int", runsSpecs: true, sharesMachine: true },
  { title: "container specs", script: "test:containers", runsSpecs: true, sharesMachine: true },
  { title: "e2e specs", script: "test:e2e", runsSpecs: true, sharesMachine: true },
  { title: "proofs", script: "test:proofs", runsSpecs: true, sharesMachine: true, isProof: true },
  { title: "proofs on Kafka", script: "test:kafka-proofs", runsSpecs: true, sharesMachine: true, isProof: true },
  { title: "docker compose", script: "test:compose", runsSpecs: true, sharesMachine: true, isProof: true },
  { title: "chaos, a slice", script: "chaos:slice", runsSpecs: false, isProof: true },
];
const withProofs = process.argv.includes("--proofs");
const steps = allSteps.filter(({ isProof }) => withProofs || isProof !== true);

/** Without the proofs the whole run is to stay near ten minutes on two cores; a step that takes as long as that alone hangs. */
const stepLimitMs = 10 * 60_000;
const proofLimitMs = 12 * 60_000;

/**
 * When all specs have run and the report is written, jest has nothing to do but to end. Node has been seen to go round in circles
 * in its own shutdown, after a socket died just then; that is ended, named as unsteady, and hides nothing of what the report says.
 */
const endAfterReportMs = 60_000;
const lookForReportMs = 1_000;

/**
 * So many spec files of a step may be run a second time, alone. What fails on a busy machine and not when it has the
 * machine to itself is named below as unsteady, which is a defect too, but none that hides what else a run has to say.
 */
const maxUnsteadyFiles = 3;

const root = join(import.meta.dirname, "..", "..");
const reports = await mkdtemp(join(tmpdir(), "chat-checks-"));
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());

let total: Counts = nothingRan;
const failed: string[] = [];
const unsteady: string[] = [];
try {
  console.log(`\n── ${sourceChecks.map(({ title }) => title).join(", ")}`);
  const waiting = [...sourceChecks];
  const inTurn = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) await check(step);
  };
  await Promise.all(Array.from({ length: SOURCE_CHECKS_AT_ONCE }, inTurn));
  for (const [index, step] of steps.entries()) {
    if (interrupted.signal.aborted) break;
    console.log(`\n── ${index + 1}/${steps.length} ${step.title} (npm run ${step.script})`);
    await check(step);
  }
} finally {
  await rm(reports, { recursive: true, force: true });
}
if (interrupted.signal.aborted) failed.push("the rest (interrupted)");

if (!withProofs) console.log("\nThe long proofs were left out: npm test -- --proofs runs them too.");
if (unsteady.length > 0) console.log(`\nPassed only when run a second time:\n  ${unsteady.join("\n  ")}`);
console.log(failed.length === 0 ? "\nAll checks passed." : `\nFailed: ${failed.join(", ")}.`);
process.exitCode = failed.length === 0 ? 0 : 1;
console.log(formatCounts(total));

async function check(step: Step): Promise<void> {
  if (interrupted.signal.aborted) return;
  const startedAt = performance.now();
  const report = join(reports, `${step.script}.json`.replace(":", "-"));
  const { succeeded, counts } = await runStep(step, report);
  if (!succeeded) failed.push(step.title);
  total = addCounts(total, counts);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`   ${succeeded ? "ok" : "FAILED"} ${step.title} in ${seconds} s: ${formatCounts(counts)}`);
}

async function runStep(
  step: Step,
  reportFile: string,
): Promise<{ readonly succeeded: boolean; readonly counts: Counts }> {
  const succeeded = await runScript(step, reportFile);
  if (!step.runsSpecs) return { succeeded, counts: countsOfStep(succeeded) };
  const report = await readReport(reportFile);
  if (report === undefined) return { succeeded: false, counts: countsOfStep(false) };

  const files = succeeded || step.sharesMachine !== true ? [] : failedFiles(report);
  if (files.length === 0 || files.length > maxUnsteadyFiles || interrupted.signal.aborted)
    return { succeeded, counts: countsOfJest(report, succeeded) };

  console.log(`\n   once more: ${files.map((file) => relative(root, file)).join(", ")}`);
  const secondFile = `${reportFile}.second`;
  const better = await runScript(step, secondFile, ["--runTestsByPath", ...files]);
  const second = await readReport(secondFile);
  if (second === undefined) return { succeeded, counts: countsOfJest(report, succeeded) };
  if (better) unsteady.push(...files.map((file) => relative(root, file)));
  return { succeeded: better, counts: countsAfterSecondRun(report, second, better) };
}

async function readReport(file: string): Promise<unknown> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

/** Runs an npm script in a process group of its own, so that a step that hangs is ended with all that it started. */
function runScript(step: Step, report: string, more: readonly string[] = []): Promise<boolean> {
  const jestArguments = step.runsSpecs ? ["--", "--json", `--outputFile=${report}`, ...more] : [];
  return new Promise((resolve) => {
    const child = spawn("npm", ["run", "--silent", step.script, ...jestArguments], {
      cwd: root,
      detached: true,
      // Jest prints what people read on stderr and, with --json, what machines read on stdout, which goes to the file too.
      stdio: ["ignore", step.runsSpecs ? "ignore" : "inherit", "inherit"],
    });
    const end = (): void => endGroup(child.pid);
    let reportedAt: number | undefined;
    const looking = setInterval(() => {
      if (!step.runsSpecs || !existsSync(report)) return;
      reportedAt ??= performance.now();
      if (performance.now() - reportedAt < endAfterReportMs) return;
      unsteady.push(`${step.title}: all had run, but the process did not end by itself`);
      endGroup(child.pid, "SIGKILL");
      clearInterval(looking);
    }, lookForReportMs);
    const limitMs = step.isProof === true ? proofLimitMs : stepLimitMs;
    const limit = setTimeout(() => {
      console.log(`   ${step.title} took longer than ${limitMs / 60_000} minutes and was ended`);
      end();
    }, limitMs);
    interrupted.signal.addEventListener("abort", end, { once: true });
    const settle = (succeeded: boolean | Promise<boolean>): void => {
      clearTimeout(limit);
      clearInterval(looking);
      interrupted.signal.removeEventListener("abort", end);
      resolve(succeeded);
    };
    child.once("error", () => settle(false));
    child.once("close", (code) => {
      const hadRun = reportedAt !== undefined && performance.now() - reportedAt >= endAfterReportMs;
      settle(code === 0 || (hadRun && readReport(report).then(saysSuccess)));
    });
  });
}

const saysSuccess = (report: unknown): boolean =>
  (report as { readonly success: unknown } | undefined)?.success === true;

function endGroup(leader: number | undefined, signal: NodeJS.Signals = "SIGTERM"): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, signal);
  } catch (error) {
    // It had ended by itself in this very moment, which is what was wanted.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
