import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "@chat/shared/testing/eventually";

/** The postmaster of a data folder, as it wrote it down; undefined when it stopped in order, or never started. */
export async function postgresPid(dataFolder: string): Promise<number | undefined> {
  const text = await readFile(join(dataFolder, "postgres/postmaster.pid"), "utf8").catch(() => "");
  const pid = Number(text.split("\n")[0]);
  return pid > 0 ? pid : undefined;
}

/** Kills the postmaster and its backends as a loss of power would: nobody gets to say goodbye. */
export async function killPostgres(dataFolder: string): Promise<void> {
  const pid = await postgresPid(dataFolder);
  if (pid === undefined || !(await processLives(pid))) return;
  const table = await processTable();
  const family = [pid, ...table.filter(({ parent }) => parent === pid).map((child) => child.pid)];
  for (const member of family) kill(member);
  // What was killed may still be ending; only then is nobody left who could write.
  await eventually(async () => {
    const left = (await living()).filter((member) => family.includes(member));
    if (left.length > 0) throw new Error(`PostgreSQL's processes ${left.join(", ")} are still there`);
  });
}

export async function processLives(pid: number): Promise<boolean> {
  return (await living()).includes(pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

/** A process that has ended and was not buried yet has a number still, and lives no more. */
async function living(): Promise<number[]> {
  return (await processTable()).filter(({ state }) => !state.startsWith("Z")).map(({ pid }) => pid);
}

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

async function processTable(): Promise<readonly ProcessRow[]> {
  return process.platform === "linux" ? readProc() : askPs();
}

async function readProc(): Promise<ProcessRow[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const rows = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
      // The name, in brackets, may hold anything.
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return { pid, parent: Number(parent), state: state ?? "" };
    }),
  );
  return rows.filter(({ state }) => state !== "");
}

async function askPs(): Promise<ProcessRow[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,stat="]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .map(([pid, parent, state]) => ({ pid: Number(pid), parent: Number(parent), state: state ?? "" }));
}
