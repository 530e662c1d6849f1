import { link, readFile, readdir, rm, writeFile } from "node:fs/promises";
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
  await writeFile(mine, JSON.stringify({ pid: process.pid, identity: me }));
  try {
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

async function numbersIn(folder: string): Promise<number[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(PREFIX));
  return names.map((name) => Number(name.slice(PREFIX.length))).filter((number) => number > 0);
}

/** The process number of a holder that lives. A file that a newer holder has cleared away has a dead one. */
async function livingHolder(file: string): Promise<number | undefined> {
  const text = await readFile(file, "utf8").catch(() => "{}");
  const { pid, identity } = JSON.parse(text) as { pid?: number; identity?: string };
  if (pid === undefined || identity === undefined || (await identityOf(pid)) !== identity) return undefined;
  return pid;
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
