import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileCache } from "@chat/shared/testing/compile-cache";
import { promisify } from "node:util";

const PROJECTOR = fileURLToPath(new URL("../../../projector/src/main.ts", import.meta.url));
const WITHIN_MS = 60_000;

/**
 * Makes the read models of a running chat anew, as an operator does. The command compares the new rows with the live
 * ones and fails when they differ; what it said is in the error.
 */
export async function rebuildReadModels(dataFolder: string): Promise<string> {
  // Line five of the file is the folder of the server's Unix socket.
  const lines = (await readFile(join(dataFolder, "postgres/postmaster.pid"), "utf8")).split("\n");
  const env = {
    ...compileCache,
    DATABASE_URL: `postgresql://chat@localhost/chat?host=${encodeURIComponent(lines[4] ?? "")}`,
  };
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [PROJECTOR, "rebuild"], { env, cwd: dataFolder, timeout: WITHIN_MS });
  return stdout;
}
