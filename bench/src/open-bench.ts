import { randomBytes, randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { readPostmasterFile, socketUrl } from "@chat/shared/postgres/postmaster-file";
import { httpRequest, openHttpConnection } from "./driver/http-connection.ts";
import { type DriverSocket, openSocket } from "./driver/web-socket.ts";
import { createFaults } from "./exactly-once.ts";
import type { Bench, History } from "./bench.ts";
import { writeHistory } from "./history.ts";
import type { Options } from "./options.ts";
import { makeGroup, makePeople } from "./people.ts";
import { type ReadyProgram, startProgram } from "./processes.ts";
import { freshAnswer } from "./read-back.ts";

/** Handshakes under way at once. */
const OPENING = 20;

/** The limit for people's typing would be what is measured. */
const NO_FLOOD_LIMIT = {
  ...{ WS_FLOOD_BURST: "1000000", WS_FLOOD_PER_SECOND: "1000000" },
  ...{ RATE_LIMIT_COMMANDS: "0", RATE_LIMIT_READS: "0", RATE_LIMIT_ACCOUNTS: "0" },
};

export async function openBench(options: Options): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), "chat-bench-"));
  // Where this is root, the database's own user has to come through.
  await chmod(folder, 0o711);
  const dataFolder = join(folder, "data");
  const secret = randomBytes(48).toString("base64url");
  const say = (progress: string): void => void process.stderr.write(`${progress}\n`);
  const faults = createFaults(say);

  let chat = await startChat().catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  let port = portOf(chat);
  let db = new pg.Pool({ connectionString: await databaseUrl("chat"), max: 2 });
  await db.query("CREATE DATABASE floor");
  const { sizes } = options;
  const people = await makePeople(
    db,
    secret,
    Math.max(sizes.crowd, sizes.idleSockets, sizes.storm, sizes.groups * sizes.groupMembers),
  );

  function startChat(nodeFlags: readonly string[] = []): Promise<ReadyProgram> {
    const profile = options.profile === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profile}`];
    const flags = [...nodeFlags, ...profile];
    const environment = { PORT: "0", DATA_DIR: dataFolder, SECRET_KEY: secret, ...NO_FLOOD_LIMIT };
    return startProgram("deploy/embedded/main.ts", { environment, nodeFlags: flags, pinned: options.pinned });
  }

  async function databaseUrl(name: string): Promise<string> {
    const server = await readPostmasterFile(join(dataFolder, "postgres"));
    if (server === undefined) throw new Error("its database does not run");
    return socketUrl(server.socketFolder, "chat", name);
  }

  let history: Promise<History> | undefined;
  const bench: Bench = {
    options,
    faults,
    history: () => (history ??= writeHistory(bench)),
    secret,
    people,
    say,
    port: () => port,
    chat: () => chat,
    db: () => db,
    databaseUrl,
    makeGroup: (members) => makeGroup(port, members),

    async restart(nodeFlags) {
      await db.end();
      await chat.stop();
      chat = await startChat(nodeFlags);
      port = portOf(chat);
      db = new pg.Pool({ connectionString: await databaseUrl("chat"), max: 2 });
    },

    openSockets: (wanted, ended = (why) => faults.add(`a socket ended: ${why}`)) =>
      openAll(wanted, ({ token }) => openSocket(port, `/ws?token=${token}&device=${randomUUID()}`, ended)),

    async settled(chatId, member) {
      const connection = await openHttpConnection(port);
      const request = httpRequest("GET", `/api/chats/${chatId}`, member.token);
      await freshAnswer(`the chat ${chatId}`, () => connection.send(request), faults);
      connection.close();
    },

    async close() {
      await db.end();
      await chat.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return bench;
}

/** In the order of `wanted`, some at a time. */
export async function openAll<T>(
  wanted: readonly T[],
  open: (one: T) => Promise<DriverSocket>,
): Promise<DriverSocket[]> {
  const sockets: DriverSocket[] = [];
  for (let first = 0; first < wanted.length; first += OPENING) {
    sockets.push(...(await Promise.all(wanted.slice(first, first + OPENING).map(open))));
  }
  return sockets;
}

function portOf({ readyLine }: ReadyProgram): number {
  const port = /localhost:(\d+)/.exec(readyLine)?.[1];
  if (port === undefined) throw new Error(`it did not say where it listens: ${readyLine}`);
  return Number(port);
}
