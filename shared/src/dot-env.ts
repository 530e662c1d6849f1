import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { CannotStart } from "./cannot-start.ts";
import type { Environment } from "./config.ts";

/** The folder of the workspaces, which is not where `npm start -w <workspace>` runs a program. */
const PROJECT_FOLDER = fileURLToPath(new URL("../../", import.meta.url));

/**
 * The environment, and under it what a `.env` file says: the one in the current folder, else the project's. A variable that
 * is set, if only to nothing, is not taken from the file.
 */
export function withDotEnv(environment: Environment, folders = [process.cwd(), PROJECT_FOLDER]): Environment {
  for (const folder of folders) {
    const text = readIfThere(join(folder, ".env"));
    if (text !== undefined) return { ...parseEnv(text), ...environment };
  }
  return environment;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = Error.isError(error) && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return undefined;
    throw new CannotStart(`${file} cannot be read (${String(code)})`, { cause: error });
  }
}
