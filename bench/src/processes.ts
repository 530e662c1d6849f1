import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { cpuSecondsOf } from "./cpu-time.ts";

/** Server and database on one core, the driver on another: so that neither's work is counted in the other's time. */
const SERVER_CORE = "0";
const DRIVER_CORE = "1";

const repository = join(import.meta.dirname, "../..");

/** Wide: a cluster has to be made first. */
const READY_WITHIN_MS = 120_000;

export interface Program {
  readonly pid: number;
  /** CPU seconds of it and all that it has started. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

export interface ReadyProgram extends Program {
  /** What it said when it was ready. */
  readonly readyLine: string;
  readonly readyAfterMs: number;
}

export interface ProgramOptions {
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly nodeFlags?: readonly string[];
  /** False: on any core. For many programs at once, where starting one would stop all others on theirs. */
  readonly pinned?: boolean;
}

/** Starts a program of the repository on the servers' core and waits for its first line on stdout. */
export async function startProgram(file: string, options: ProgramOptions = {}): Promise<ReadyProgram> {
  const startedAt = performance.now();
  const child = spawnProgram(file, options);
  try {
    const readyLine = await firstLine(child, file);
    return { ...programOf(child, file), readyLine, readyAfterMs: performance.now() - startedAt };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

/** Starts a program that says nothing when it is ready. */
export function startSilentProgram(file: string, options: ProgramOptions): Program {
  return programOf(spawnProgram(file, options), file);
}

/** Runs a program to its end. */
export async function runProgram(file: string, options: ProgramOptions): Promise<void> {
  const [code] = (await once(spawnProgram(file, options), "exit")) as [number | null];
  if (code !== 0) throw new Error(`${file} ended with ${String(code)}`);
}

function spawnProgram(file: string, options: ProgramOptions): ChildProcess {
  const { args = [], environment = {}, nodeFlags = [], pinned = true } = options;
  const [program = "", ...rest] = [
    ...(pinned ? pinnedTo(SERVER_CORE) : []),
    process.execPath,
    ...nodeFlags,
    join(repository, file),
    ...args,
  ];
  return spawn(program, rest, {
    cwd: repository,
    stdio: ["ignore", "pipe", "inherit"],
    // Nothing of the caller's: neither its settings nor what its shell exports may change what is measured.
    env: { PATH: execPath(), ...environment },
  });
}

function programOf(child: ChildProcess, file: string): Program {
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} cannot be started`);
  return { pid, cpuSeconds: () => cpuSecondsOf(pid), stop: () => stop(child) };
}

export function pinDriver(): boolean {
  if (!canPin) return false;
  execFileSync("taskset", ["-acp", DRIVER_CORE, String(process.pid)], { stdio: "ignore" });
  return true;
}

const canPin = availableParallelism() > 1 && hasTaskset();

function pinnedTo(core: string): readonly string[] {
  return canPin ? ["taskset", "-c", core] : [];
}

function hasTaskset(): boolean {
  try {
    execFileSync("taskset", ["-V"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function execPath(): string {
  return [join(process.execPath, ".."), "/usr/local/bin", "/usr/bin", "/bin"].join(":");
}

async function firstLine(child: ChildProcess, file: string): Promise<string> {
  if (child.stdout === null) throw new Error("stdout is no pipe");
  const lines = createInterface({ input: child.stdout });
  const timeout = AbortSignal.timeout(READY_WITHIN_MS);
  const [line] = (await Promise.race([
    once(lines, "line", { signal: timeout }),
    once(child, "exit").then(([code]) => {
      throw new Error(`${file} ended with ${String(code)} before it was ready`);
    }),
  ])) as [string];
  return line;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
