import { execFile } from "node:child_process";
import { chown, mkdir, readFile, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { CannotStart } from "@chat/shared/cannot-start";
import { type ServerPrograms, initializeCluster } from "@chat/shared/postgres/server-program";
import type { Logger } from "@chat/shared/telemetry/logger";
import { type DataFolder, explained } from "./data-folder.ts";

const run = promisify(execFile);

/** The database user that everything belongs to. */
export const SUPERUSER = "chat";

const UNFINISHED = "postgres.new-";

/** The cluster in a data folder, made at the first start. Throws a CannotStart when it is not for this program. */
export async function prepareCluster(programs: ServerPrograms, data: DataFolder, log: Logger): Promise<string> {
  const cluster = join(data.path, "postgres");
  // What an interrupted first start has left; under a new name each time, since its initdb may still be writing.
  for (const name of (await readdir(data.path)).filter((name) => name.startsWith(UNFINISHED))) {
    await rm(join(data.path, name), { recursive: true, force: true });
  }
  const version = await readFile(join(cluster, "PG_VERSION"), "utf8").catch(() => undefined);
  if (version === undefined) await makeCluster(programs, data, cluster, log);
  else await checkVersion(programs, version.trim(), cluster);
  await checkOwner(data, cluster);
  return cluster;
}

async function makeCluster(programs: ServerPrograms, data: DataFolder, cluster: string, log: Logger): Promise<void> {
  const user = data.serverUser;
  log.info({ folder: cluster, ...(user === undefined ? {} : { user: user.name }) }, "making a PostgreSQL cluster");
  const folder = join(data.path, `${UNFINISHED}${process.pid}`);
  try {
    await mkdir(folder, { mode: 0o700 });
    if (user !== undefined) await chown(folder, user.uid, user.gid);
    await initializeCluster({ programs, folder, superuser: SUPERUSER, user, durable: true });
  } catch (error) {
    // Where the disk is full its room is wanted now. If it cannot be removed, the next start tries again.
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    throw explained(error, data.path);
  }
  await rename(folder, cluster).catch((error: unknown) => {
    throw new CannotStart(`${cluster} is there and is no PostgreSQL cluster; move it away`, { cause: error });
  });
}

/** The formats of two majors differ; only their own tools can bring data from one to the other. */
async function checkVersion(programs: ServerPrograms, version: string, cluster: string): Promise<void> {
  const { stdout } = await run(programs.postgres, ["--version"]);
  const major = /\d+/.exec(stdout)?.[0];
  if (major === version) return;
  throw new CannotStart(
    `${cluster} was made by PostgreSQL ${version} and this is ${String(major)}: ` +
      `pg_dump it with ${version} and restore it into a new DATA_DIR`,
  );
}

/** Postgres refuses a folder that is not its user's, with a word about permissions only. */
async function checkOwner({ serverUser }: DataFolder, cluster: string): Promise<void> {
  const owner = (await stat(cluster)).uid;
  const user = serverUser?.uid ?? process.getuid?.();
  if (owner === user) return;
  // Copied back by root, say from a backup; who else's it is, it stays.
  if (serverUser !== undefined && owner === 0) return chownAll(cluster, serverUser.uid, serverUser.gid);
  throw new CannotStart(`${cluster} belongs to user #${owner}; start as that user, or set DATA_DIR to another folder`);
}

async function chownAll(folder: string, uid: number, gid: number): Promise<void> {
  await chown(folder, uid, gid);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chown(join(entry.parentPath, entry.name), uid, gid);
  }
}
