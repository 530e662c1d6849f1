import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPostmasterFile, socketUrl } from "../postgres/postmaster-file.ts";
import {
  findServerPrograms,
  findServerUser,
  identity,
  initializeCluster,
  serverEnvironment,
} from "../postgres/server-program.ts";
import { eventually } from "./eventually.ts";

const SUPERUSER = "spec";

/** Wide: other workers' specs share the machine. */
const READY_WITHIN_MS = 30_000;

/** Specs of all workers at once, each with its pools. */
const MAX_CONNECTIONS = 200;

/** Nothing is kept: what a crash would lose is not worth a wait. Specs of durability start a server of their own. */
const FORGETFUL = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal"];
const SETTINGS = [...FORGETFUL, "max_wal_senders=0", "listen_addresses=", `max_connections=${MAX_CONNECTIONS}`];
SETTINGS.push("shared_buffers=64MB", "log_min_messages=panic", "timezone=UTC", "jit=off");

/**
 * Its standard input ends however the starter ends, by SIGKILL too: then the server and its folder go.
 * A process of its own is the only one that can do this for a starter that was killed.
 */
const REAPER = `
  cat > /dev/null
  server=$(head -n 1 "$1/cluster/postmaster.pid" 2> /dev/null) && kill -QUIT "$server"
  while [ -n "$server" ] && kill -0 "$server" 2> /dev/null; do sleep 0.02; done
  rm -rf "$1"
`;

export interface SpecServer {
  /** Of the maintenance database; the user may do everything. */
  readonly url: string;
  stop(): Promise<void>;
}

/** A PostgreSQL in a temporary folder, reached by a Unix socket, that is gone when `stop` is called or this process ends. */
export async function startSpecServer(): Promise<SpecServer> {
  const [programs, user] = await Promise.all([findServerPrograms(), findServerUser()]);
  const folder = await mkdtemp(join(tmpdir(), "chat-spec-"));
  if (user !== undefined) await chown(folder, user.uid, user.gid);

  const reaper = spawn("sh", ["-c", REAPER, "reaper", folder], {
    ...identity(user),
    detached: true,
    stdio: ["pipe", "ignore", "inherit"],
  });
  const stop = (): Promise<void> => endOf(reaper);
  try {
    const cluster = join(folder, "cluster");
    await initializeCluster({ programs, folder: cluster, superuser: SUPERUSER, user, durable: false });
    const settings = [...SETTINGS, `unix_socket_directories=${folder}`].flatMap((setting) => ["-c", setting]);
    const server = spawn(programs.postgres, ["-D", cluster, ...settings], {
      ...identity(user),
      detached: true,
      stdio: ["ignore", "ignore", "inherit"],
      env: serverEnvironment(),
    });
    server.unref();
    await eventually(
      async () => {
        if (server.exitCode !== null) throw new Error(`postgres exited with ${server.exitCode}`);
        if (!(await readPostmasterFile(cluster))?.ready) throw new Error("postgres is starting");
      },
      { within: READY_WITHIN_MS },
    );
    return { url: socketUrl(folder, SUPERUSER, "postgres"), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function endOf(reaper: ChildProcess): Promise<void> {
  if (reaper.exitCode !== null) return;
  const ended = once(reaper, "exit");
  reaper.stdin?.end();
  await ended;
}
