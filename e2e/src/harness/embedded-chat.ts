import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, jest } from "@jest/globals";
import { compileCache } from "@chat/shared/testing/compile-cache";
import { noRateLimits } from "@chat/shared/testing/no-rate-limits";
import { eventually } from "@chat/shared/testing/eventually";
import { killPostgres, postgresPid, processLives } from "./postgres-of.ts";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const MAIN = join(REPOSITORY, "deploy/embedded/main.ts");
const READY = /^chat is ready on (http:\/\/localhost:\d+)\. Try: /m;
/** What a log says where something happened that should not: an error nobody expected, or a program that gave up. A killed server is no bug. */
const BUG = /^\{"level":"(?:error|fatal)"(?!.*"PostgreSQL ended by itself").*$/gm;

/** Making a cluster at the first start, and recovery after a crash, on a machine that does other things too. */
const READY_WITHIN_MS = 60_000;
/** A stop is bounded by 10 s in the program itself. */
const ENDED_WITHIN_MS = 30_000;
/** A story waits for many answers; each wait has a bound of its own, which says more when it is over. */
const STORY_WITHIN_MS = 120_000;

export type Settings = Readonly<Record<string, string>>;

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One process of `npm start`, from its start to its end. */
export interface Run {
  readonly pid: number;
  /** Where it says that it is ready; rejects when it ends first. */
  readonly url: Promise<string>;
  readonly ended: Promise<Ended>;
  signal(name: NodeJS.Signals): void;
  /** As a terminal's Ctrl-C: to every process of its group. */
  signalGroup(name: NodeJS.Signals): void;
}

/** A chat on data of its own, which may be started, stopped and killed again and again. */
export interface EmbeddedChat {
  readonly dataFolder: string;
  /** Where it listens; waits for a start that is on its way, or for the next one. */
  url(): Promise<string>;
  start(settings?: Settings): Promise<Run>;
  /** SIGTERM, and all it said until it had ended. */
  stop(): Promise<Ended>;
  /** SIGKILL, for the process alone or with its PostgreSQL. */
  kill(what: "process" | "process and PostgreSQL"): Promise<void>;
  /** SIGKILL for PostgreSQL alone: the process is to start it again. */
  killPostgres(): Promise<void>;
  /** Kills what still runs, and removes the data. Rejects when a log told of a bug, whatever the story was about. */
  remove(): Promise<void>;
}

/** Starts a program as `npm start` does, in a process group and a working folder of its own. It sees `settings` and nothing else. */
export function startRun(settings: Settings, folder: string, ...options: string[]): Run {
  const child = spawn(process.execPath, [MAIN, ...options], {
    cwd: folder,
    detached: true,
    // Stories ask more in a minute than a person does; the one about limits sets them.
    env: { ...compileCache, LOG_LEVEL: "warn", ...noRateLimits, ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("the program could not be started");
  const said = record(child);
  const ended = once(child, "close").then((): Ended => ({
    exitCode: child.exitCode,
    signal: child.signalCode,
    stdout: said.stdout(),
    stderr: said.stderr(),
  }));
  const url = said.ready.then(
    (found) => found ?? Promise.reject(new Error(`it ended before it was ready: ${said.all()}`)),
  );
  url.catch(() => undefined);
  return {
    pid,
    url,
    ended,
    signal: (name) => void child.kill(name),
    signalGroup: (name) => void process.kill(-pid, name),
  };
}

function record(child: ChildProcess) {
  let stdout = "";
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ready = new Promise<string | undefined>((resolve) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      const url = READY.exec(stdout)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once("close", () => resolve(undefined));
  });
  return { ready, stdout: () => stdout, stderr: () => stderr, all: () => `${stdout}${stderr}` };
}

/** A folder that the server's user may pass through: as root, PostgreSQL runs as another one. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "chat-e2e-"));
  chmodSync(folder, 0o711);
  return folder;
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}

/** A chat on fresh data, not yet started. */
export function createChat(settings: Settings = {}): EmbeddedChat {
  const folder = makeFolder();
  const dataFolder = join(folder, "data");
  const runs: Run[] = [];
  let run: Run | undefined;
  const address = createAddress();

  async function kill(what: "process" | "process and PostgreSQL"): Promise<void> {
    address.leave();
    run?.signal("SIGKILL");
    if (what === "process and PostgreSQL") await killPostgres(dataFolder);
    await run?.ended;
  }

  return {
    dataFolder,
    kill,
    killPostgres: () => killPostgres(dataFolder),
    url: () => address.known(),
    async start(more = {}) {
      // A port of its own each time: one that was free a moment ago may be taken, or be dialled from, meanwhile.
      run = startRun({ PORT: "0", DATA_DIR: dataFolder, ...settings, ...more }, folder);
      runs.push(run);
      address.arrive(await within(READY_WITHIN_MS, run.url, "the chat was not ready"));
      return run;
    },
    async stop() {
      if (run === undefined) throw new Error("nothing runs");
      address.leave();
      run.signal("SIGTERM");
      return within(ENDED_WITHIN_MS, run.ended, "the chat did not stop");
    },
    async remove() {
      await kill("process and PostgreSQL");
      await removeFolder(folder);
      const bugs = (await Promise.all(runs.map(({ ended }) => ended))).flatMap(({ stdout }) => stdout.match(BUG) ?? []);
      if (bugs.length > 0) throw new Error(`the chat's log tells of bugs:\n${bugs.join("\n")}`);
    },
  };
}

/** Where something is that comes and goes: who asks while it is away waits until it is back. */
function createAddress() {
  let waiting = Promise.withResolvers<string>();
  let there = false;
  return {
    known: () => within(READY_WITHIN_MS, waiting.promise, "the chat did not come back"),
    arrive(url: string) {
      there = true;
      waiting.resolve(url);
    },
    leave() {
      if (there) waiting = Promise.withResolvers<string>();
      there = false;
    },
  };
}

/** A chat that runs while the specs of a file do. */
export function useChat(settings: Settings = {}): EmbeddedChat {
  jest.setTimeout(STORY_WITHIN_MS);
  const chat = createChat(settings);
  beforeAll(() => chat.start(), READY_WITHIN_MS);
  afterAll(() => chat.remove(), ENDED_WITHIN_MS);
  return chat;
}

/** Fails when a process of PostgreSQL still uses a data folder. */
export async function expectNoPostgres(dataFolder: string): Promise<void> {
  await eventually(async () => {
    const pid = await postgresPid(dataFolder);
    if (pid !== undefined && (await processLives(pid))) throw new Error(`PostgreSQL (process ${pid}) still runs`);
  });
}

/** Bounds a wait, and says what for. */
export async function within<T>(ms: number, wait: Promise<T>, otherwise: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${otherwise} within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([wait, late]);
  } finally {
    clearTimeout(timer);
  }
}
