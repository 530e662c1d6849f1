import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../..");

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  stdout(): string;
  /** Throws with what it said when it has ended. */
  checkRuns(): void;
  signal(name: NodeJS.Signals): void;
}

/** Programs of this repository, each in a process of its own. */
export interface Processes {
  start(program: string, settings: Readonly<Record<string, string>>, ...words: string[]): Running;
  /** To its end. */
  run(program: string, settings: Readonly<Record<string, string>>, ...words: string[]): Promise<Ended>;
  killAll(): Promise<void>;
}

interface Options {
  readonly folder: string;
  /** Of all; settings win over it. */
  readonly environment: Readonly<Record<string, string>>;
}

export function createProcesses({ folder, environment }: Options): Processes {
  const running = new Map<ChildProcess, Promise<Ended>>();

  function start(program: string, settings: Readonly<Record<string, string>>, ...words: string[]): Running {
    const child = spawn(process.execPath, [join(root, program), ...words], {
      cwd: folder,
      env: { ...environment, ...settings },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
    const ended = once(child, "close").then(() => ({ exitCode: child.exitCode, ...said }));
    running.set(child, ended);
    return {
      ended,
      stdout: () => said.stdout,
      checkRuns() {
        if (child.exitCode !== null) throw new Error(`${program} has ended: ${said.stderr}${said.stdout}`);
      },
      signal: (name) => void child.kill(name),
    };
  }

  return {
    start,
    run: (...of) => start(...of).ended,
    async killAll() {
      for (const child of running.keys())
        if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await Promise.all(running.values());
    },
  };
}
