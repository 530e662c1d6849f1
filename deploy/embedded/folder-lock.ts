import { link, open, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { CannotStart } from "@chat/shared/cannot-start";
import { identityOf } from "./running-process.ts";

const PREFIX = "in-use.";

/** Each turn that is lost was won by another process, which then either lives or has ended at once. */
const MAX_TURNS = 10;

/**
 * Makes this process the only one of ours that uses a folder, for as long as it lives. Nothing is to be released: a holder
 * that has ended, however it ended, holds nothing.
 *
 * Holders write files with ascending numbers; the highest is the holder if its process still lives. A number is taken with
 * `link`, which only one can win, and never given out twice: so of two processes that both find the last holder dead,
 * one loses the next number and looks again.
 *
 * Processes in two containers cannot see one another: a volume belongs to one container.
 */
export async function lockFolder(folder: string): Promise<void> {
  const me = await identityOf(process.pid);
  const mine = join(folder, `${PREFIX}new-${process.pid}`);
  try {
    await writeMark(mine, JSON.stringify({ pid: process.pid, identity: me }));
    for (let turn = 1; turn <= MAX_TURNS; turn += 1) {
      const last = Math.max(0, ...(await numbersIn(folder)));
      const holder = last === 0 ? undefined : await livingHolder(join(folder, `${PREFIX}${last}`));
      if (holder !== undefined) {
        throw new CannotStart(
          `${folder} is in use by a chat that runs already (process ${holder}); stop it, or set DATA_DIR`,
        );
      }
      if (await tookNumber(mine, join(folder, `${PREFIX}${last + 1}`))) {
        for (const number of await numbersIn(folder)) {
          if (number <= last) await rm(join(folder, `${PREFIX}${number}`), { force: true });
        }
        return;
      }
    }
    throw new CannotStart(`${folder} is being taken by many processes at once; start one`);
  } finally {
    await rm(mine, { force: true });
  }
}

/** Synced before it is linked: after a power cut a mark must not stand there without what it says. */
async function writeMark(file: string, text: string): Promise<void> {
  // One of a process that had this number and was killed may be the same file as its mark, which is not to become ours.
  await rm(file, { force: true });
  const handle = await open(file, "wx");
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function numbersIn(folder: string): Promise<number[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(PREFIX));
  return names.map((name) => Number(name.slice(PREFIX.length))).filter((number) => number > 0);
}

/**
 * The process number of a holder that lives. A file that a newer holder has cleared away has a dead one, and so has one that
 * cannot be understood: whoever lives has written and synced it whole.
 */
async function livingHolder(file: string): Promise<number | undefined> {
  const { pid, identity } = parseMark(await readFile(file, "utf8").catch(() => ""));
  if (pid === undefined || identity === undefined || (await identityOf(pid)) !== identity) return undefined;
  return pid;
}

function parseMark(text: string): { pid?: number; identity?: string } {
  try {
    return (JSON.parse(text) ?? {}) as { pid?: number; identity?: string };
  } catch {
    return {};
  }
}

async function tookNumber(mine: string, file: string): Promise<boolean> {
  try {
    await link(mine, file);
    return true;
  } catch (error) {
    if (Error.isError(error) && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}
