import { randomUUID } from "node:crypto";
import { constants, type Dirent } from "node:fs";
import { access, chmod, type FileHandle, mkdir, open, opendir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { CannotStart } from "../cannot-start.ts";
import {
  type ByteRange,
  type FileKey,
  type FileStore,
  FileStoreUnavailable,
  isFileKey,
  LEFTOVER_AFTER_MS,
} from "./file-store.ts";
import { measured } from "./measured.ts";

/** A disk that has not answered by then is gone, or as good as gone; a network disk may never answer. */
const DISK_ANSWERS_WITHIN_MS = 30_000;

export interface DiskFileStoreOptions {
  readonly folder: string;
  /** `group`: another service reads the files as a user of its own, who is in this one's group. Nobody else may read them ever. */
  readonly readableBy?: "owner" | "group";
  readonly now?: () => number;
}

/**
 * Files in a folder: uploads grow in `incoming`, and move to `stored/<last two digits of the key>/<key>` when they are whole and
 * on the disk. A rename within one file system is all or nothing, so no other process ever sees half a file.
 */
export function createDiskFileStore({ folder, readableBy = "owner", now = Date.now }: DiskFileStoreOptions): FileStore {
  const root = resolve(folder);
  const incoming = join(root, "incoming");
  const stored = join(root, "stored");
  const [folderMode, fileMode] = readableBy === "owner" ? [0o700, 0o600] : [0o750, 0o640];

  /** The first digits of a key are the time: the last ones spread. 256 folders of 4,000 are a million files. */
  function pathOf(key: FileKey): string {
    if (!isFileKey(key)) throw new TypeError("no key of ours");
    return join(stored, key.slice(-2), key);
  }

  async function moveIntoPlace(from: string, path: string): Promise<void> {
    if (await makeFolder(dirname(path), folderMode)) await syncFolder(stored);
    await rename(from, path);
    await syncFolder(dirname(path));
  }

  /** A folder that is not mounted looks as empty as a new one: its files are not absent, they are away. */
  async function openStored(key: FileKey): Promise<FileHandle | undefined> {
    return open(pathOf(key), "r").catch(async (error: unknown) => {
      if (codeOf(error) !== "ENOENT") throw error;
      await stat(stored);
      return undefined;
    });
  }

  async function removeLeftovers(): Promise<void> {
    for await (const { name } of entriesOf(incoming)) {
      const path = join(incoming, name);
      const found = await fromDisk(stat(path).catch(absent));
      const old = found !== undefined && found.mtimeMs < now() - LEFTOVER_AFTER_MS;
      if (old) await fromDisk(rm(path, { force: true }));
    }
  }

  return {
    async put(key, source, options) {
      const path = pathOf(key);
      const { chunks, result } = measured(source, options);
      const upload = join(incoming, `${key}.${randomUUID()}`);
      const handle = await fromDisk(open(upload, "wx", fileMode));
      try {
        try {
          // The umask may have taken more away than is meant.
          await fromDisk(handle.chmod(fileMode));
          for await (const chunk of chunks) await fromDisk(handle.writeFile(chunk));
          await fromDisk(handle.sync());
        } finally {
          await fromDisk(handle.close());
        }
        options.signal?.throwIfAborted();
        await fromDisk(moveIntoPlace(upload, path));
      } catch (error) {
        // What cannot be removed now is removed at a later start.
        await fromDisk(rm(upload, { force: true })).catch(() => undefined);
        throw error;
      }
      return result();
    },

    async open(key, range) {
      const handle = await fromDisk(openStored(key));
      if (handle === undefined) return undefined;
      try {
        const { size } = await fromDisk(handle.stat());
        if (range === undefined) return { stream: handle.createReadStream(), bytes: size };
        const { start, end } = endOf(range, size);
        return { stream: handle.createReadStream({ start, end }), bytes: end + 1 - start };
      } catch (error) {
        await handle.close();
        throw error;
      }
    },

    async remove(key) {
      await fromDisk(rm(pathOf(key), { force: true }));
      // See `openStored`.
      await fromDisk(stat(stored));
    },

    async *list() {
      for await (const { name: fan } of entriesOf(stored)) {
        for await (const { name } of entriesOf(join(stored, fan))) {
          if (!isFileKey(name)) continue;
          const found = await fromDisk(stat(pathOf(name)).catch(absent));
          if (found !== undefined) yield { key: name, bytes: found.size, modifiedAt: found.mtime };
        }
      }
    },

    async check() {
      await fromDisk(access(stored, constants.R_OK | constants.X_OK));
    },

    async prepare() {
      try {
        for (const path of [incoming, stored]) {
          await fromDisk(makeFolders(path, folderMode));
          await fromDisk(access(path, constants.R_OK | constants.W_OK | constants.X_OK));
        }
        await removeLeftovers();
      } catch (error) {
        const reason = Error.isError(error) ? error.message : String(error);
        throw new CannotStart(`FILES_DIR: cannot keep files in ${root}: ${reason}`, { cause: error });
      }
    },
  };
}

/** Both ends counted. */
function endOf({ start, end }: ByteRange, size: number): { readonly start: number; readonly end: number } {
  if (!(start >= 0 && start < size)) throw new RangeError(`byte ${String(start)} of ${String(size)}`);
  const last = Math.min(end ?? Infinity, size - 1);
  if (last < start) throw new RangeError(`from byte ${String(start)} to ${String(end)}`);
  return { start, end: last };
}

/** A file that was removed between two looks. */
function absent(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT") throw error;
}

async function* entriesOf(folder: string): AsyncGenerator<Dirent> {
  const entries = await fromDisk(opendir(folder));
  try {
    for (let entry = await fromDisk(entries.read()); entry !== null; entry = await fromDisk(entries.read()))
      yield entry;
  } finally {
    await entries.close();
  }
}

/** Whether it was missing. */
async function makeFolder(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    return false;
  }
  await chmod(path, mode);
  return true;
}

/** With those above it. Not by `recursive`, which tries for ever where a folder lets nothing be made in it by answering ENOENT. */
async function makeFolders(path: string, mode: number): Promise<void> {
  const made = await makeFolder(path, mode).catch(absent);
  if (made !== undefined) return;
  await makeFolders(dirname(path), mode);
  await makeFolder(path, mode);
}

/** A rename is on the disk when its folder is. Windows opens no folders, and keeps their order itself. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function codeOf(error: unknown): string | undefined {
  return Error.isError(error) && "code" in error ? String(error.code) : undefined;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "this user may not",
  EPERM: "this user may not",
  EROFS: "it is on a read-only file system",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENOENT: "the folder is not there",
  ENOTDIR: "a part of it is no folder",
};

/** What the file system refuses is the store's failure, whoever asked; a call that it never answers counts as refused. */
async function fromDisk<T>(call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const why = `the disk has not answered within ${String(DISK_ANSWERS_WITHIN_MS)} ms`;
    timer = setTimeout(() => reject(new FileStoreUnavailable(why)), DISK_ANSWERS_WITHIN_MS);
  });
  try {
    return await Promise.race([call, late]);
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    throw new FileStoreUnavailable(REASONS[code] ?? code, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
