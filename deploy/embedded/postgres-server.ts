import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { CannotStart } from "@chat/shared/cannot-start";
import type { Service } from "@chat/shared/lifecycle";
import { readPostmasterFile, socketUrl } from "@chat/shared/postgres/postmaster-file";
import {
  type ServerPrograms,
  findServerPrograms,
  identity,
  serverEnvironment,
} from "@chat/shared/postgres/server-program";
import type { Logger } from "@chat/shared/telemetry/logger";
import { boundFile, keepBounded } from "./bounded-file.ts";
import { SUPERUSER, prepareCluster } from "./cluster.ts";
import { type DataFolder, checkPassable } from "./data-folder.ts";
import { stopOrphan } from "./orphan.ts";
import { serverSettings } from "./server-settings.ts";

const DATABASE = "chat";

/** Recovery after a crash of 512 MB of WAL on a slow disk is in it. */
const READY_WITHIN_MS = 120_000;

/** Processes of a server that was killed end within a moment, once they see that it is gone. */
const REMAINS_WITHIN_MS = 10_000;
const REMAINS = /pre-existing shared memory block|lock file "postmaster.pid" already exists/;

/** The stop of a program has 10 s in all. */
const FAST_WITHIN_MS = 4_000;
const IMMEDIATE_WITHIN_MS = 2_000;

/** A server that crashes more often than this within a minute will not be mended by another start. */
const MAX_CRASHES = 5;
const CRASHES_WITHIN_MS = 60_000;

const POLL_MS = 10;

/** `sockaddr_un` on macOS; Linux has four bytes more. With the longest name that Postgres gives a socket. */
const SOCKET_PATH_BYTES = 103;
const SOCKET_NAME = "/.s.PGSQL.5432.lock";

export interface EmbeddedPostgresOptions {
  readonly data: DataFolder;
  readonly log: Logger;
  /** Called when the server keeps crashing. */
  readonly fail: (error: unknown) => void;
}

export interface EmbeddedPostgres extends Service {
  /** Of the database, once started; it stays the same when the server is started again after a crash. */
  url(): string;
}

/**
 * A PostgreSQL of our own in a data folder, reachable by a Unix socket only. It runs in a process group (and session) of its
 * own: Ctrl-C must not stop it before we have finished what was accepted. A server that crashes is started again.
 */
export function createEmbeddedPostgres({ data, log, fail }: EmbeddedPostgresOptions): EmbeddedPostgres {
  let server: ChildProcess | undefined;
  let socketFolder = "";
  let temporaryFolder: string | undefined;
  let stopping = false;
  let bounding = { stop: (): void => undefined };
  let restarting: Promise<void> = Promise.resolve();
  const crashes: number[] = [];
  /** Where our time was over before its turn came. One that is frozen hears it when it goes on. */
  const bid = (): void => void server?.kill("SIGINT");

  async function start(): Promise<void> {
    const programs = await findServerPrograms();
    if (data.serverUser !== undefined) await checkPassable(dirname(programs.postgres), data.serverUser);
    const cluster = await prepareCluster(programs, data, log);
    if (!fitsSocket(cluster)) temporaryFolder = await makeTemporaryFolder(data);
    socketFolder = temporaryFolder ?? cluster;
    await launch(programs, cluster);
    bounding = keepBounded(logFileIn(data), (error) => log.warn({ err: error }, "PostgreSQL's log cannot be bounded"));
    try {
      await makeDatabase(socketUrl(socketFolder, SUPERUSER, "postgres"));
    } catch (error) {
      // What has not started is stopped by nobody else, and the server would live on without us.
      await stop();
      throw error;
    }
  }

  async function launch(programs: ServerPrograms, cluster: string): Promise<void> {
    const deadline = performance.now() + REMAINS_WITHIN_MS;
    for (;;) {
      await stopOrphan(cluster, log);
      const started = await spawnServer({ programs, cluster, socketFolder, data });
      server = started.process;
      process.off("exit", bid).once("exit", bid);
      if (await isReady(started.process, cluster)) break;
      const said = await started.said();
      if (performance.now() < deadline && REMAINS.test(said)) {
        await sleep(POLL_MS);
        continue;
      }
      const lastLine = said.trimEnd().split("\n").at(-1) ?? "";
      const fatal = /(?:FATAL|PANIC): +(.*)/.exec(said)?.[1] ?? (lastLine === "" ? "it said nothing" : lastLine);
      throw new CannotStart(`PostgreSQL did not start: ${fatal} (more in ${logFileIn(data)})`);
    }
    server.once("exit", (code, signal) => {
      if (stopping) return;
      log.error({ code, signal }, "PostgreSQL ended by itself");
      restarting = restart(programs, cluster).catch(fail);
    });
    // A crash between the look at it and the listener above.
    if (server.exitCode !== null || server.signalCode !== null)
      throw new Error("PostgreSQL ended right after its start");
  }

  async function restart(programs: ServerPrograms, cluster: string): Promise<void> {
    const now = performance.now();
    crashes.push(now);
    if (crashes.filter((at) => at > now - CRASHES_WITHIN_MS).length > MAX_CRASHES) {
      throw new Error(`PostgreSQL crashed more than ${MAX_CRASHES} times in ${CRASHES_WITHIN_MS} ms`);
    }
    await launch(programs, cluster);
    log.info("PostgreSQL runs again");
  }

  async function stop(): Promise<void> {
    stopping = true;
    bounding.stop();
    await restarting;
    if (server !== undefined) await stopServer(server, log);
    process.off("exit", bid);
    if (temporaryFolder !== undefined) await rm(temporaryFolder, { recursive: true, force: true });
  }

  return { name: "postgres", start, stop, url: () => socketUrl(socketFolder, SUPERUSER, DATABASE) };
}

interface Launch {
  readonly programs: ServerPrograms;
  readonly cluster: string;
  readonly socketFolder: string;
  readonly data: DataFolder;
}

/** Its messages go to a file: a pipe would break when this process is killed and the server lives on. */
async function spawnServer({ programs, cluster, socketFolder, data }: Launch) {
  await boundFile(logFileIn(data));
  const logFile = await open(logFileIn(data), "a", 0o600);
  const { size } = await logFile.stat();
  try {
    const settings = serverSettings(socketFolder).flatMap((setting) => ["-c", setting]);
    const process = spawn(programs.postgres, ["-D", cluster, ...settings], {
      ...identity(data.serverUser),
      cwd: "/",
      detached: true,
      env: serverEnvironment(),
      stdio: ["ignore", logFile.fd, logFile.fd],
    });
    await once(process, "spawn");
    return { process, said: async () => (await readFile(logFileIn(data))).subarray(size).toString() };
  } finally {
    await logFile.close();
  }
}

function logFileIn(data: DataFolder): string {
  return join(data.path, "postgres.log");
}

async function isReady(server: ChildProcess, cluster: string): Promise<boolean> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline) {
    if (server.exitCode !== null || server.signalCode !== null) return false;
    const file = await readPostmasterFile(cluster);
    if (file?.pid === server.pid && file?.ready === true) return true;
    await sleep(POLL_MS);
  }
  throw new CannotStart(
    `PostgreSQL is not ready after ${READY_WITHIN_MS / 1_000} s; start again, it goes on recovering`,
  );
}

/** Fast first: it ends connections and writes what is dirty. Immediate leaves that to the next start. */
async function stopServer(server: ChildProcess, log: Logger): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit").then(() => true);
  const within = (ms: number): Promise<boolean> => Promise.race([ended, sleep(ms, false, { ref: false })]);
  server.kill("SIGINT");
  if (await within(FAST_WITHIN_MS)) return;
  log.warn("PostgreSQL does not stop; it will recover at the next start");
  server.kill("SIGQUIT");
  if (await within(IMMEDIATE_WITHIN_MS)) return;
  server.kill("SIGKILL");
  await ended;
}

/** The socket stands in the cluster's folder, which is its user's alone, unless its path would be too long there. */
function fitsSocket(folder: string): boolean {
  return Buffer.byteLength(folder + SOCKET_NAME) <= SOCKET_PATH_BYTES;
}

async function makeTemporaryFolder({ serverUser }: DataFolder): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "chat-socket-"));
  if (serverUser !== undefined) await chown(folder, serverUser.uid, serverUser.gid);
  return folder;
}

async function makeDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}
