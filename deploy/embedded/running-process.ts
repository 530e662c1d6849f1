import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Says which process has a number now: numbers are given out again, after a restart of a container at once. Undefined when
 * none has it. Two answers are equal exactly when they are about the same process.
 */
export async function identityOf(pid: number): Promise<string | undefined> {
  if (process.platform !== "linux") return askPs(pid, "lstart=");
  const [stat, boot] = await Promise.all([readProc(`/proc/${pid}/stat`), readProc("/proc/sys/kernel/random/boot_id")]);
  // The name, in brackets, may hold anything; after it come the state (field 3) and, as field 22, the start in ticks since boot.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startedAt = fields?.[19];
  return startedAt === undefined ? undefined : `${pid} ${startedAt} ${boot?.trim() ?? ""}`;
}

/** The program and its arguments, undefined when there is none; empty for one that has ended and was not buried yet. */
export async function commandLineOf(pid: number): Promise<string | undefined> {
  if (process.platform !== "linux") return askPs(pid, "args=");
  return (await readProc(`/proc/${pid}/cmdline`))?.replaceAll("\0", " ");
}

async function readProc(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}

async function askPs(pid: number, column: string): Promise<string | undefined> {
  return run("ps", ["-p", String(pid), "-o", column]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}
