import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CannotStart } from "@chat/shared/cannot-start";
import { readPostmasterFile } from "@chat/shared/postgres/postmaster-file";
import type { Logger } from "@chat/shared/telemetry/logger";
import { commandLineOf } from "./running-process.ts";

/** Stands in the command line of every server that we start, and tells it from one that somebody else started. */
export const OUR_MARK = "cluster_name=chat_embedded";

/** A fast shutdown writes what is dirty; an immediate one leaves that to recovery and needs no time. */
const FAST_WITHIN_MS = 10_000;
const IMMEDIATE_WITHIN_MS = 5_000;
const POLL_MS = 20;

const PID_FILE = "postmaster.pid";
/** Of the socket in the cluster's folder. */
const SOCKET_FILE = ".s.PGSQL.5432.lock";

/**
 * Makes way for a new server in a cluster's folder. One of ours whose process was killed is stopped; nobody uses it, for the
 * data folder is locked. One that somebody else started is left alone, and a CannotStart says so.
 */
export async function stopOrphan(cluster: string, log: Logger): Promise<void> {
  await removeEmptyFiles(cluster);
  const file = await readPostmasterFile(cluster);
  if (file === undefined) return;
  const { pid } = file;
  const commandLine = await commandLineOf(pid);
  if (commandLine === undefined) return;
  if (!isServerOf(cluster, commandLine)) {
    await disown(cluster);
    return;
  }
  if (!commandLine.includes(OUR_MARK)) {
    throw new CannotStart(`a PostgreSQL that this program did not start (process ${pid}) runs in ${cluster}; stop it`);
  }
  log.warn({ pid }, "stopping the PostgreSQL of a process that was killed");
  process.kill(pid, "SIGINT");
  if (await isGone(pid, cluster, FAST_WITHIN_MS)) return;
  process.kill(pid, "SIGQUIT");
  if (await isGone(pid, cluster, IMMEDIATE_WITHIN_MS)) return;
  throw new CannotStart(`the PostgreSQL of a process that was killed (process ${pid}) does not stop; stop it by hand`);
}

/**
 * A server that was cut off between making its file and writing into it had done nothing else; but the next one takes an empty
 * file for that of a server that is just starting, for ever.
 */
async function removeEmptyFiles(cluster: string): Promise<void> {
  for (const name of [PID_FILE, SOCKET_FILE]) {
    const found = await stat(join(cluster, name)).catch(() => undefined);
    if (found?.size === 0) await rm(join(cluster, name), { force: true });
  }
}

function isServerOf(cluster: string, commandLine: string): boolean {
  return commandLine.includes("postgres") && commandLine.includes(cluster);
}

async function isGone(pid: number, cluster: string, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    const commandLine = await commandLineOf(pid);
    if (commandLine === undefined || !isServerOf(cluster, commandLine)) return true;
    await sleep(POLL_MS);
  }
  return false;
}

/**
 * The number in the file is that of another process now, or of a dead one that nobody has buried (the first process of a
 * container often does not). Postgres would take that one for a living server; our own
 * number, its parent's, it does not. Removing the file would lose the key of the shared memory in it, by which Postgres
 * notices that processes of the old server still write.
 */
async function disown(cluster: string): Promise<void> {
  const file = join(cluster, PID_FILE);
  const [, ...rest] = (await readFile(file, "utf8")).split("\n");
  await writeFile(file, [process.pid, ...rest].join("\n"));
  // It holds the same number, and what it guards, a socket in this folder, the file above guards as well.
  await rm(join(cluster, SOCKET_FILE), { force: true });
}
