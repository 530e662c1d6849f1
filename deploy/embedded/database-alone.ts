import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { CannotStart } from "@chat/shared/cannot-start";
import type { Logger } from "@chat/shared/telemetry/logger";
import { openDataFolder } from "./data-folder.ts";
import { createEmbeddedPostgres, type EmbeddedPostgres } from "./postgres-server.ts";

interface Options {
  readonly dataDir: string;
  readonly log: Logger;
  readonly fail: (error: unknown) => void;
}

/**
 * The PostgreSQL of a data folder, without the chat that made it, for whoever takes it elsewhere. Not yet started. Throws
 * `CannotStart` when there is none, or when its chat runs.
 */
export async function openDatabaseAlone({ dataDir, ...context }: Options): Promise<EmbeddedPostgres> {
  const folder = resolve(dataDir);
  const isThere = await stat(join(folder, "postgres", "PG_VERSION")).then(
    () => true,
    () => false,
  );
  if (!isThere) throw new CannotStart(`DATA_DIR: there is no database of a chat in ${folder}; set it to where one is`);
  return createEmbeddedPostgres({ ...context, data: await openDataFolder(folder) });
}
