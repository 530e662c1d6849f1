import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDiskFileStore } from "../files/disk-file-store.ts";
import type { FileStore } from "../files/file-store.ts";

/** For specs that have nothing to do with files: a store that is away, whatever it is asked for. */
export const noFiles: FileStore = createDiskFileStore({ folder: join(tmpdir(), "chat-specs-without-files", "none") });
