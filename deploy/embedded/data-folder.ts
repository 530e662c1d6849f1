import { randomBytes } from "node:crypto";
import type { Stats } from "node:fs";
import { chmod, mkdir, open, readFile, realpath, rename, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { CannotStart } from "@chat/shared/cannot-start";
import { type ServerUser, findServerUser } from "@chat/shared/postgres/server-program";
import { MIN_SECRET_KEY_BYTES } from "@chat/shared/settings";
import { lockFolder } from "./folder-lock.ts";

const SECRET_KEY_BYTES = 48;

/** Others may pass through, to the server's folder, which is its user's alone; they may not look. */
const PASSABLE = 0o711;
const PRIVATE = 0o700;

const SECRET_MODE = 0o600;
const OTHERS = 0o077;

export interface DataFolder {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** The user whom the server in it runs as; undefined when that is ours. */
  readonly serverUser: ServerUser | undefined;
  /** Made at the first start and kept, in `secret`, which only this process's user may read. */
  readonly secretKey: string;
}

interface Use {
  /** No server will run in it: its database is elsewhere, and no other user has to come in. */
  readonly withoutServer?: boolean;
}

/** Makes a data folder at the first start, and takes it for this process. Throws CannotStart in a line. */
export async function openDataFolder(folder: string, { withoutServer = false }: Use = {}): Promise<DataFolder> {
  const wanted = resolve(folder);
  const user = withoutServer ? undefined : await findServerUser();
  try {
    const firstMade = await makeFolders(wanted);
    if (firstMade !== undefined) await setModes(firstMade, wanted, user === undefined ? PRIVATE : PASSABLE);
    const path = await realpath(wanted);
    await lockFolder(path);
    const serverUser = user === undefined ? undefined : ((await ownerOf(join(path, "postgres"))) ?? user);
    if (serverUser !== undefined) await checkPassable(path, serverUser);
    return { path, serverUser, secretKey: await secretIn(path) };
  } catch (error) {
    throw explained(error, wanted);
  }
}

/**
 * Makes a folder and those above it that are missing, and answers the first that it made. Not with `recursive`, which
 * tries for ever where a folder that exists lets nothing be made in it by answering ENOENT, as below `/proc`.
 */
async function makeFolders(folder: string): Promise<string | undefined> {
  if (await stat(folder).then(isFolder, () => false)) return undefined;
  const above = dirname(folder) === folder ? undefined : await makeFolders(dirname(folder));
  try {
    await mkdir(folder);
    return above ?? folder;
  } catch (error) {
    // Another start made it between the two: it sees to its modes too.
    if (await stat(folder).then(isFolder, () => false)) return above;
    throw error;
  }
}

function isFolder(found: Stats): boolean {
  return found.isDirectory();
}

/** Every folder on the way to a place must let the server's user pass; throws a CannotStart that names the first that does not. */
export async function checkPassable(place: string, { name, uid, gid }: ServerUser): Promise<void> {
  const way: string[] = [];
  for (let folder = place; ; folder = dirname(folder)) {
    way.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of way) {
    const { mode, uid: owner, gid: group } = await stat(folder);
    const passable = owner === uid ? mode & 0o100 : group === gid ? mode & 0o010 : mode & 0o001;
    if (passable === 0) {
      throw new CannotStart(
        `PostgreSQL does not run as root but as user ${name}, who cannot enter ${folder}: ` +
          `start as another user, choose another place, or chmod o+x ${folder}`,
      );
    }
  }
}

/** A server's folder that is there already stays with whom it belongs to. */
async function ownerOf(cluster: string): Promise<ServerUser | undefined> {
  const found = await stat(cluster).catch(() => undefined);
  return found === undefined || found.uid === 0 ? undefined : { name: `#${found.uid}`, uid: found.uid, gid: found.gid };
}

/** The umask may have taken more away than is meant. */
async function setModes(from: string, to: string, mode: number): Promise<void> {
  for (let folder = to; folder.length >= from.length; folder = dirname(folder)) await chmod(folder, mode);
}

async function secretIn(folder: string): Promise<string> {
  const file = join(folder, "secret");
  const kept = await readFile(file, "utf8").catch((error: unknown) => {
    if (Error.isError(error) && "code" in error && error.code === "ENOENT") return undefined;
    throw new CannotStart(
      `the secret in ${file} cannot be read: ${Error.isError(error) ? error.message : String(error)}`,
      { cause: error },
    );
  });
  if (kept !== undefined) return keptSecret(file, kept.trim());
  const secret = randomBytes(SECRET_KEY_BYTES).toString("base64url");
  // Beside and renamed: a crash in between must not leave half a secret.
  const handle = await open(`${file}.new`, "w", SECRET_MODE);
  try {
    await handle.writeFile(`${secret}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
  return secret;
}

async function keptSecret(file: string, secret: string): Promise<string> {
  if (Buffer.byteLength(secret) < MIN_SECRET_KEY_BYTES) {
    throw new CannotStart(
      `${file} holds no secret of at least ${MIN_SECRET_KEY_BYTES} bytes: bring it back from a copy, or delete it, and the ` +
        "next start makes a new one (access tokens of the old one are refused then)",
    );
  }
  // Set back, not refused: a copy of the folder brings such a mode along, and on file systems without modes every file
  // has it and keeps it, where a refusal would be for ever.
  const { mode } = await stat(file);
  if ((mode & OTHERS) !== 0) await chmod(file, SECRET_MODE);
  return secret;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  EROFS: "it is on a read-only file system",
  ENOSPC: "the disk is full",
  ENOENT: "no folder can be made there",
  ENOTDIR: "a part of it is no folder",
  EEXIST: "it is no folder",
};

/** A CannotStart in a line for what the file system refused, and anything else as it is. */
export function explained(error: unknown, folder: string): unknown {
  if (!Error.isError(error) || !("code" in error) || error instanceof CannotStart) return error;
  const reason = REASONS[String(error.code)];
  if (reason === undefined) return error;
  return new CannotStart(`cannot use ${folder} for data: ${reason}; set DATA_DIR to another folder`, { cause: error });
}
