import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "@jest/globals";
import { compileCache } from "./testing/compile-cache.ts";

/** A program of a few lines in a process of its own: signals and exit codes are not to be had otherwise. */
const PROGRAM = `
  import Type from "typebox";
  import { createServer } from "node:net";
  import { runService } from ${JSON.stringify(new URL("run-service.ts", import.meta.url).href)};
  import { LOG_LEVEL, DATABASE_URL, portOr } from ${JSON.stringify(new URL("settings.ts", import.meta.url).href)};

  let idle;
  const listen = (port) => new Promise((done, failed) => createServer().listen(port, done).on("error", failed));
  await runService({
    name: "example",
    about: "an example",
    settings: Type.Object({ LOG_LEVEL, PORT: portOr(0), DATABASE_URL: Type.Optional(DATABASE_URL), DO: Type.String({ default: "serve" }) }),
    environment: process.env,
    create: ({ PORT, DO }, { log, fail }) => ({
      name: "example",
      async start() {
        idle = setInterval(() => undefined, 1000);
        if (DO === "listen twice") await listen(PORT).then((_) => listen(PORT));
        if (DO === "fill the disk") throw Object.assign(new Error("CREATE TABLE big (\\n) - nothing more fits"), { code: "53100" });
        log.info("ready");
        if (DO === "reject") void Promise.reject(new Error("nobody waits for me"));
        if (DO === "fail") fail(new Error("a loop broke"));
      },
      async stop() {
        log.info("draining");
        if (DO === "hang") await new Promise(() => undefined);
        if (DO === "take a while") await new Promise((done) => setTimeout(done, 300));
        clearInterval(idle);
      },
    }),
  });
`;

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const children: ChildProcess[] = [];

function start(environment: Record<string, string> = {}, ...options: string[]) {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", PROGRAM, "--", ...options], {
    env: { ...compileCache, ...environment },
  });
  children.push(child);
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]).then(
    ([stdout, stderr]): Ended => ({ exitCode: child.exitCode, stdout, stderr }),
  );
  return { child, ended, said: (words: string) => said(child, words) };
}

async function said(child: ChildProcess, words: string): Promise<void> {
  let heard = "";
  await new Promise<void>((resolve) =>
    child.stdout?.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
      if (heard.includes(words)) resolve();
    }),
  );
}

describe("runService", () => {
  afterEach(() => children.splice(0).forEach((child) => child.kill("SIGKILL")));

  it.each(["SIGTERM", "SIGINT"] as const)("stops on %s, and that is no error", async (signal) => {
    const { child, ended, said } = start();
    await said("ready");
    child.kill(signal);
    const { exitCode, stdout } = await ended;
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/ready[^]*stopping[^]*draining/);
  });

  it("ends at once for somebody who has lost patience", async () => {
    const { child, ended, said } = start({ DO: "hang" });
    await said("ready");
    child.kill("SIGTERM");
    await said("draining");
    const impatience = setInterval(() => child.kill("SIGINT"), 100);
    expect((await ended).exitCode).toBe(130);
    clearInterval(impatience);
  });

  it("takes a Ctrl-C that arrives twice, from the terminal and from npm, for one", async () => {
    const { child, ended, said } = start({ DO: "take a while" });
    await said("ready");
    child.kill("SIGINT");
    await said("draining");
    child.kill("SIGINT");
    expect((await ended).exitCode).toBe(0);
  });

  it("names every bad variable in a line, and starts nothing", async () => {
    const { exitCode, stdout, stderr } = await start({ PORT: "x", DATABASE_URL: "hush" }).ended;
    expect(exitCode).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toBe(
      'example: PORT is "x"; expected a whole number from 0 to 65535\n' +
        "example: DATABASE_URL is not as it should be (4 characters); expected a URL like postgresql://user:password@host:5432/database\n",
    );
  });

  it("says in a line that the disk is full, be it the database's", async () => {
    const { exitCode, stderr } = await start({ DO: "fill the disk" }).ended;
    expect(exitCode).toBe(1);
    expect(stderr).toBe("example: the disk is full: ) - nothing more fits\n");
  });

  it("says in a line that a port is in use", async () => {
    const { exitCode, stderr } = await start({ PORT: "48123", DO: "listen twice" }).ended;
    expect(exitCode).toBe(1);
    expect(stderr).toBe("example: port 48123 is in use by another program; set PORT to another one\n");
  });

  it.each([
    ["reject", "nobody waits for me"],
    ["fail", "a loop broke"],
  ])("logs a bug, stops and ends with 1 (%s)", async (action, message) => {
    const { exitCode, stdout } = await start({ DO: action }).ended;
    expect(exitCode).toBe(1);
    expect(stdout).toContain(message);
    expect(stdout).toContain("draining");
  });

  it("takes no arguments, so that a mistyped one is not passed over", async () => {
    const { exitCode, stdout, stderr } = await start({}, "example", "--nope", "extra").ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr.trimEnd().split("\n")).toEqual([expect.stringContaining("--nope extra: it takes no arguments.")]);
  });

  it("explains itself", async () => {
    const { exitCode, stdout } = await start({}, "--help").ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain("example: an example");
    expect(stdout).toContain("DO\n      a text (default serve)");
  });
});
