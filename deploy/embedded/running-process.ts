import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Says which process has a number now: numbers are given out again, after a restart of a container at once. Undefined when
 * none has it, or one that has ended and was not buried yet: it will do nothing more, though its parent may let it lie for
 * ever. Two answers are equal exactly when they are about the same process.
 */
export async function identityOf(pid: number): Promise<string | undefined> {
  if (process.platform !== "linux") {
    const [, state, start] = /^(\S+)\s+(.*)$/.exec((await askPs(pid, "stat=", "lstart=")) ?? "") ?? [];
    return state === undefined || hasEnded(state) ? undefined : start;
  }
  const [stat, boot] = await Promise.all([readProc(`/proc/${pid}/stat`), readProc("/proc/sys/kernel/random/boot_id")]);
  // The name, in brackets, may hold anything; after it come the state (field 3) and, as field 22, the start in ticks since boot.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startedAt] = [fields?.[0], fields?.[19]];
  if (state === undefined || startedAt === undefined || hasEnded(state)) return undefined;
  return `${pid} ${startedAt} ${boot?.trim() ?? ""}`;
}

/** Zombie, or dead for the moment in which even that is cleared away. */
function hasEnded(state: string): boolean {
  return /^[ZXx]/.test(state);
}

/** The program and its arguments, undefined when there is none; empty for one that has ended and was not buried yet. */
export async function commandLineOf(pid: number): Promise<string | undefined> {
  if (process.platform !== "linux") return askPs(pid, "args=");
  return (await readProc(`/proc/${pid}/cmdline`))?.replaceAll("\0", " ");
}

async function readProc(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}

async function askPs(pid: number, ...columns: string[]): Promise<string | undefined> {
  return run("ps", ["-p", String(pid), ...columns.flatMap((column) => ["-o", column])]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}
