import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What a running server says about itself in `postmaster.pid`, a line for each thing (Postgres' miscinit.h and pidfile.h). */
export interface PostmasterFile {
  readonly pid: number;
  /** The folder of its Unix socket; empty until it listens. */
  readonly socketFolder: string;
  /** It takes connections. */
  readonly ready: boolean;
}

/** Undefined when there is no such file: the server is not running, and was not killed. */
export async function readPostmasterFile(folder: string): Promise<PostmasterFile | undefined> {
  const text = await readFile(join(folder, "postmaster.pid"), "utf8").catch((error: unknown) => {
    if (Error.isError(error) && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  const [pid, , , , socketFolder = "", , , status = ""] = text?.split("\n") ?? [];
  if (pid === undefined || !(Number(pid) > 0)) return undefined;
  return { pid: Number(pid), socketFolder, ready: status.trim() === "ready" };
}

/** The URL of a database behind a Unix socket. */
export function socketUrl(socketFolder: string, user: string, database: string): string {
  return `postgresql://${user}@localhost/${database}?host=${encodeURIComponent(socketFolder)}`;
}
