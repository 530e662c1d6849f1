import { setTimeout as sleep } from "node:timers/promises";
import type { Static, TObject, TProperties } from "typebox";
import { CannotStart } from "./cannot-start.ts";
import { type Environment, describeSettings, readConfig, type SettingsCheck } from "./config.ts";
import { withDotEnv } from "./dot-env.ts";
import type { Service } from "./lifecycle.ts";
import { LogHalted } from "./log/event-log.ts";
import { type LogLevel, type Logger, createLogger } from "./telemetry/logger.ts";

/** Whoever stops a program (npm, Docker, systemd) kills it some time after the signal: Docker after 10 s. */
const STOP_WITHIN_MS = 10_000;

/**
 * One Ctrl-C may arrive twice: from the terminal, which tells the whole process group, and from npm, which passes on what
 * it hears. Only a signal after this is another one, by somebody who has lost patience.
 */
const SAME_SIGNAL_MS = 1_000;

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** What a shell reports for a program that a signal ended. */
const EXIT_KILLED = { SIGTERM: 143, SIGINT: 130 } as const;

/** Of the file system, and of a database (SQLSTATE). */
const DISK_FULL: ReadonlySet<unknown> = new Set(["ENOSPC", "53100"]);

export interface Program<P extends TProperties> {
  readonly name: string;
  /** One sentence for `--help`. */
  readonly about: string;
  readonly settings: TObject<P>;
  /** What settings must be together; its faults are told beside those of each. */
  readonly checkSettings?: SettingsCheck;
  /**
   * Throws CannotStart for what is wrong on the command line, before the settings are looked at. Absent: there is nothing to be
   * said there but `--help`.
   */
  readonly checkArguments?: () => unknown;
  /** `process.env`, which only main.ts reads; `.env` is added to it here. */
  readonly environment: Environment;
  /** Whether a signal has cut off work that was to be done, asked when all has stopped. Absent: there is no such work. */
  readonly isCutOff?: () => boolean;
  /** Joins the real things. What it throws, and what `start` throws, ends the program before it began. */
  create(settings: Static<TObject<P>>, context: ProgramContext): Service | Promise<Service>;
}

export interface ProgramContext {
  readonly log: Logger;
  /** For what goes wrong with nobody waiting for it, in a loop of a worker: logs it, stops everything, exit code 1. */
  readonly fail: (error: unknown) => void;
}

/**
 * All of a main.ts: reads the settings, starts the service, stops it on SIGTERM or SIGINT. A second signal a second later, or 10 s,
 * end it at once. Exit code 0 after a stop that was asked for, 143 or 130 when that cut off work; 1 when it could not start,
 * failed, or did not stop in time.
 */
export async function runService<P extends TProperties>(program: Program<P>): Promise<void> {
  if (process.argv.includes("--help")) {
    process.stdout.write(`${program.name}: ${program.about}\n\nIts settings, from the environment or .env:\n`);
    process.stdout.write(`${describeSettings(program.settings)}\n`);
    return;
  }
  const running = guard(program);
  try {
    if (program.checkArguments === undefined) refuseArguments(process.argv.slice(2));
    else program.checkArguments();
    const settings = readConfig(program.settings, withDotEnv(program.environment), program.checkSettings);
    const log = createLogger({ service: program.name, level: levelIn(settings) });
    await running.start(log, () => program.create(settings, { log, fail: running.fail }));
  } catch (error) {
    sayWhy(program.name, error);
    process.exit(1);
  }
}

function refuseArguments(given: readonly string[]): void {
  if (given.length === 0) return;
  throw new CannotStart(
    `${given.join(" ")}: it takes no arguments. Its settings come from the environment; --help lists them.`,
  );
}

/** What is running, and the ways in which it ends. */
function guard({ name, isCutOff = () => false }: Pick<Program<TProperties>, "name" | "isCutOff">) {
  let log = createLogger({ service: name });
  let service: Service | undefined;
  let starting: Promise<void> = Promise.resolve();
  let ending = false;
  let signalledAt = 0;

  /** Waits for a start that is on its way first: what it has started by then is what there is to stop. */
  async function stop(): Promise<"stopped"> {
    await starting.catch(() => undefined);
    await service?.stop();
    return "stopped";
  }

  async function end(exitCode: () => number): Promise<void> {
    ending = true;
    try {
      const outcome = await Promise.race([stop(), sleep(STOP_WITHIN_MS, "late" as const)]);
      if (outcome === "stopped") process.exit(exitCode());
      log.error({ withinMs: STOP_WITHIN_MS }, "did not stop in time");
    } catch (error) {
      if (error instanceof CannotStart) sayWhy(name, error);
      else log.error({ err: error }, "did not stop cleanly");
    }
    process.exit(1);
  }

  function fail(error: unknown): void {
    log.fatal({ err: error }, "failed");
    if (!ending) void end(() => 1);
  }

  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (ending) {
        if (performance.now() - signalledAt > SAME_SIGNAL_MS) process.exit(EXIT_KILLED[signal]);
        return;
      }
      signalledAt = performance.now();
      log.info({ signal }, "stopping");
      void end(() => (isCutOff() ? EXIT_KILLED[signal] : 0));
    });
  }
  // An error that nobody waited for is a bug: what state it left behind is unknown, so nothing goes on.
  process.on("unhandledRejection", fail);
  process.on("uncaughtException", fail);

  return {
    fail,
    /** Rejects when it cannot start, with what had started stopped again. */
    async start(logOfProgram: Logger, create: () => Service | Promise<Service>): Promise<void> {
      log = logOfProgram;
      starting = (async () => {
        service = await create();
        await service.start();
      })();
      await starting.catch(async (error: unknown) => {
        // Whoever ends the program already will see to it; its exit code is the one that counts.
        if (ending) return;
        await Promise.race([service?.stop(), sleep(STOP_WITHIN_MS)]).catch(() => undefined);
        throw error;
      });
    },
  };
}

function levelIn(settings: object): LogLevel {
  return "LOG_LEVEL" in settings ? (settings.LOG_LEVEL as LogLevel) : "info";
}

function sayWhy(name: string, error: unknown): void {
  for (const reason of reasonsOf(error)) process.stderr.write(`${name}: ${reason}\n`);
}

/** A line each for what a person can mend; for a bug its stack. */
function reasonsOf(error: unknown): readonly string[] {
  if (error instanceof CannotStart) return error.reasons;
  if (error instanceof LogHalted) return [`the log is not what it was: ${error.message}`];
  if (!Error.isError(error)) return [String(error)];
  if ("code" in error && DISK_FULL.has(error.code)) {
    // Before the reason may stand a statement of many lines.
    return [`the disk is full: ${error.message.split("\n").at(-1) ?? ""}`];
  }
  if ("syscall" in error && error.syscall === "listen" && "port" in error && "code" in error) {
    if (error.code === "EADDRINUSE")
      return [`port ${String(error.port)} is in use by another program; set PORT to another one`];
    if (error.code === "EACCES") return [`port ${String(error.port)} is not for this user; set PORT to one above 1023`];
  }
  return [error.stack ?? error.message];
}
