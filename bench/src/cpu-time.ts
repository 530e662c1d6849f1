import { readFileSync, readdirSync } from "node:fs";

/** Linux counts the CPU time of processes in hundredths of a second, on every architecture (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** Fields of /proc/<pid>/stat (man proc_pid_stat), counted from the one behind the name: `state` is 0. */
const PARENT = 1;
const TIMES = [11, 12, 13, 14] as const; // utime, stime, cutime, cstime

/**
 * CPU seconds that a process and everything it has started have used so far. What ended is in its parent's `cutime`, so
 * a backend of Postgres that comes and goes between two looks is counted as well.
 */
export function cpuSecondsOf(root: number): number {
  const processes = readProcesses();
  let ticks = 0;
  const walk = (pid: number): void => {
    const found = processes.get(pid);
    if (found === undefined) return;
    ticks += found.ticks;
    for (const child of found.children) walk(child);
  };
  walk(root);
  return ticks / TICKS_PER_SECOND;
}

/** All processes that descend from `root`, itself first. */
export function processTree(root: number): number[] {
  const processes = readProcesses();
  const found: number[] = [];
  const walk = (pid: number): void => {
    found.push(pid);
    for (const child of processes.get(pid)?.children ?? []) walk(child);
  };
  walk(root);
  return found;
}

interface ProcessTimes {
  readonly ticks: number;
  readonly parent: number;
  readonly children: number[];
}

function readProcesses(): Map<number, ProcessTimes> {
  const processes = new Map<number, ProcessTimes>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!(pid > 0)) continue;
    const fields = statFields(pid);
    if (fields === null) continue;
    const ticks = TIMES.reduce((sum, field) => sum + Number(fields[field]), 0);
    processes.set(pid, { ticks, parent: Number(fields[PARENT]), children: [] });
  }
  for (const [pid, { parent }] of processes) processes.get(parent)?.children.push(pid);
  return processes;
}

/** Null when the process has ended meanwhile. */
function statFields(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name stands in parentheses and may hold anything, parentheses too.
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

/** Proportional set size in KiB: shared pages are divided among those who share them. */
export function pssKibOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]);
}
