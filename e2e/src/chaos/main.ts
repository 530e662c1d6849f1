import { spawnSync } from "node:child_process";
import { mkdtemp, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Verdict } from "./checker.ts";
import { checkFile } from "./history-file.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { runChaos } from "./run-chaos.ts";

const HELD = 0;
const BROKEN = 1;
const NOT_RUN = 2;
/** What a shell reports for a program that Ctrl-C ended. */
const INTERRUPTED = 130;
const ENGINE_WITHIN_MS = 5_000;

const options = optionsOrHelp();
if (options !== null) process.exitCode = await run(options);

async function run({ minutes, seed, out, check, wherePossible }: Options): Promise<number> {
  if (check !== null) return tell(await checkFile(resolve(check)), "");
  if (wherePossible && process.env["CI"] !== "true" && !engineAnswers()) {
    console.error("\n!! SKIPPED: no Docker engine answers, so nothing was killed and nothing judged\n");
    return HELD;
  }
  const folder = out === null ? await mkdtemp(join(tmpdir(), "chat-chaos-")) : resolve(out);
  await mkdir(folder, { recursive: true });
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (!interrupted.signal.aborted) console.log("stopping; everything that was started is ended");
      interrupted.abort();
    });
  }
  console.log(`seed ${seed}, ${minutes} minutes, history and logs in ${folder}`);
  try {
    const verdict = await runChaos({
      minutes,
      seed,
      folder,
      say: (line) => console.log(line),
      interrupted: interrupted.signal,
    });
    return verdict === null ? INTERRUPTED : tell(verdict, `seed ${seed}: `);
  } catch (error) {
    console.error(`chaos could not be run: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return NOT_RUN;
  }
}

function engineAnswers(): boolean {
  return spawnSync("docker", ["version"], { stdio: "ignore", timeout: ENGINE_WITHIN_MS }).status === 0;
}

function tell({ violations, broken, counts }: Verdict, name: string): number {
  console.log("");
  for (const { rule, detail } of violations) console.log(`BROKEN ${rule}: ${detail}`);
  for (const [rule, count] of broken) console.log(`${rule}: ${count} times`);
  const { invoked, ok, failed, unknown, frames, connections, faults, messages, files } = counts;
  console.log(
    `${name}${broken.size === 0 ? "all promises held" : `${broken.size} promises broken`}; ` +
      `${invoked} attempts (${ok} done, ${failed} failed, ${unknown} in doubt), ${messages} messages, ` +
      `${files} files, ${frames} frames on ${connections} connections, ${faults} faults`,
  );
  return broken.size === 0 ? HELD : BROKEN;
}

function optionsOrHelp(): Options | null {
  try {
    const read = readOptions(process.argv.slice(2), Math.random);
    if (read === null) console.log(usage);
    return read;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    process.exitCode = NOT_RUN;
    return null;
  }
}
