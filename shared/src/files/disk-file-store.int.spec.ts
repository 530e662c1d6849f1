import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { createDiskFileStore } from "./disk-file-store.ts";
import { describeFileStore } from "./file-store.contract.ts";
import { type FileStore, LEFTOVER_AFTER_MS, newFileKey } from "./file-store.ts";

describeFileStore("a folder", (use) =>
  withFolder(async (folder) => {
    const root = join(folder, "deep", "down");
    const store = createDiskFileStore({ folder: root });
    await store.prepare();
    await writeFile(join(folder, "no folder"), "");
    await use({
      store,
      muchLater: createDiskFileStore({ folder: root, now: () => Date.now() + 2 * LEFTOVER_AFTER_MS }),
      away: createDiskFileStore({ folder: join(folder, "no folder") }),
      leaveUpload: (key) => writeFile(join(root, "incoming", `${key}.half`), "half of"),
      unfinished: async () => (await readdir(join(root, "incoming"))).length,
    });
  }),
);

describe("a folder of files", () => {
  it.each([
    { readableBy: "owner", folders: 0o700, files: 0o600 },
    { readableBy: "group", folders: 0o750, files: 0o640 },
  ] as const)("is closed to all but its $readableBy", ({ readableBy, folders, files }) =>
    withFolder(async (folder) => {
      const root = join(folder, "files");
      const store = createDiskFileStore({ folder: root, readableBy });
      await store.prepare();
      await putOne(store);
      const modes = async (type: "isDirectory" | "isFile"): Promise<readonly number[]> => {
        const below = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry[type]());
        return Promise.all(
          below.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).mode & 0o777),
        );
      };
      expect((await stat(root)).mode & 0o777).toBe(folders);
      expect(await modes("isDirectory")).toEqual([folders, folders, folders]);
      expect(await modes("isFile")).toEqual([files]);
    }),
  );

  it("that is not mounted has lost nothing: its files are away, and none is written beside it", () =>
    withFolder(async (folder) => {
      const store = createDiskFileStore({ folder });
      await expect(store.open(newFileKey())).rejects.toThrow("the folder is not there");
      await expect(store.remove(newFileKey())).rejects.toThrow("the folder is not there");
      await expect(putOne(store)).rejects.toThrow("the folder is not there");
      expect(await readdir(folder)).toEqual([]);
    }));

  it("says in a sentence why it cannot be used", () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, "file"), "");
      const store = createDiskFileStore({ folder: join(folder, "file", "files") });
      await expect(store.prepare()).rejects.toThrow(/^FILES_DIR: cannot keep files in .+: a part of it is no folder$/);
    }));

  it("may hold what others put there", () =>
    withFolder(async (folder) => {
      const store = createDiskFileStore({ folder });
      await store.prepare();
      await putOne(store);
      await mkdir(join(folder, "stored", "lost+found"));
      await writeFile(join(folder, "stored", "lost+found", "a note"), "");
      const keys: string[] = [];
      for await (const { key } of store.list()) keys.push(key);
      expect(keys).toHaveLength(1);
    }));
});

async function putOne(store: FileStore): Promise<void> {
  await store.put(newFileKey(), Readable.from([Buffer.from("one")]), { maxBytes: 3 });
}

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "chat-files-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
