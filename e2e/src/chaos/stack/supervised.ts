import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const REPOSITORY = fileURLToPath(new URL("../../../..", import.meta.url));

/** As a supervisor does: what ends by itself, because a broker was away when it started, is started again. */
const RESTART_MS = 1_000;
/** Wide: eight programs start at once, on a machine that may do other things too. */
const READY_WITHIN_MS = 180_000;
const LOOK_EVERY_MS = 100;
/** What a log says where something gave up that should have gone on. */
const GAVE_UP = /^\{"level":"fatal"/;

/** A program that is started again whenever it ends, at the same address. */
export interface Supervised {
  readonly name: string;
  readonly url: string;
  /** SIGKILL; it stays down until `startAgain`. */
  kill(): Promise<void>;
  startAgain(): Promise<void>;
  /** SIGSTOP, until `goOn`. */
  pause(): void;
  goOn(): void;
  /** Resolves when it takes requests. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

interface Options {
  readonly name: string;
  /** From the repository's root. */
  readonly program: string;
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Its log goes there. */
  readonly folder: string;
  readonly gaveUp: (line: string) => void;
}

export function supervise({ name, program, port, environment, folder, gaveUp }: Options): Supervised {
  const url = `http://127.0.0.1:${port}`;
  const log = createWriteStream(join(folder, `${name}.log`), { flags: "a" });
  let wanted = true;
  let child = start();

  function start(): ChildProcess {
    const started = spawn(process.execPath, [join(REPOSITORY, program)], {
      cwd: folder,
      env: { ...environment, PORT: String(port) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    started.stderr.pipe(log, { end: false });
    createInterface({ input: started.stdout }).on("line", (line) => {
      log.write(`${line}\n`);
      if (GAVE_UP.test(line)) gaveUp(`${name} gave up: ${line}`);
    });
    started.once("exit", (code, signal) => {
      log.write(`ended: ${String(code ?? signal)}\n`);
      if (!wanted || started !== child) return;
      void pause(RESTART_MS).then(() => {
        if (wanted && started === child) child = start();
      });
    });
    return started;
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    wanted = false;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  return {
    name,
    url,
    kill: () => end("SIGKILL"),
    startAgain() {
      wanted = true;
      child = start();
      return Promise.resolve();
    },
    pause: () => void child.kill("SIGSTOP"),
    goOn: () => void child.kill("SIGCONT"),
    async ready() {
      const late = performance.now() + READY_WITHIN_MS;
      for (;;) {
        const answer = await fetch(`${url}/health/ready`).catch(() => null);
        if (answer?.ok === true) return;
        if (performance.now() > late) throw new Error(`${name} was not ready in ${READY_WITHIN_MS} ms, see ${folder}`);
        await pause(LOOK_EVERY_MS);
      }
    },
    async stop() {
      await end("SIGKILL");
      log.end();
    },
  };
}

/** Runs a program to its end. */
export async function run(program: string, args: readonly string[], environment: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [join(REPOSITORY, program), ...args], {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, said };
}
