import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import pg from "pg";
import { readPostmasterFile } from "@chat/shared/postgres/postmaster-file";
import { findServerPrograms, findServerUser, identity, serverEnvironment } from "@chat/shared/postgres/server-program";
import { compileCache } from "@chat/shared/testing/compile-cache";
import { eventually } from "@chat/shared/testing/eventually";

const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

/** The embedded run without services: it prints its database's URL when it is ready. */
const PROGRAM = `
  import Type from "typebox";
  import { runService } from ${here("../../shared/src/run-service.ts")};
  import { composeServices } from ${here("../../shared/src/lifecycle.ts")};
  import { openDataFolder } from ${here("data-folder.ts")};
  import { createEmbeddedPostgres } from ${here("postgres-server.ts")};

  await runService({
    name: "example",
    about: "an example",
    settings: Type.Object({ DATA_DIR: Type.String() }),
    environment: process.env,
    async create({ DATA_DIR }, { log, fail }) {
      const data = await openDataFolder(DATA_DIR);
      const postgres = createEmbeddedPostgres({ data, log, fail });
      const stop = process.env.HANGS === undefined ? async () => {} : () => new Promise(() => setInterval(() => {}, 1_000));
      const announce = { name: "announce", start: async () => log.info({ url: postgres.url() }, "ready"), stop };
      return composeServices("example", [postgres, announce]);
    },
  });
`;

const children: ChildProcess[] = [];

/** Each of these makes a cluster or several with fsync, on a disk that others use too. */
jest.setTimeout(120_000);
let folder: string;
let data: string;
/** Data that a chat has left, for all that is not about the first start: making a cluster takes longer than what is to be seen. */
let stopped: string;

const makeFolder = async (): Promise<string> => {
  const made = await realpath(await mkdtemp(join(tmpdir(), "chat-data-")));
  await chmod(made, 0o755);
  return made;
};

beforeAll(async () => {
  stopped = join(await makeFolder(), "data");
  data = stopped;
  const first = start();
  await first.ready();
  first.child.kill("SIGTERM");
  await first.ended();
});

afterAll(() => rm(join(stopped, ".."), { recursive: true, force: true }));

beforeEach(async () => {
  folder = await makeFolder();
  data = join(folder, "data");
  await promisify(execFile)("cp", ["-a", stopped, data]);
});

/** No data yet: the next start is the first one. */
const startAnew = (): void => void (data = join(folder, "new"));

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  const left = await readPostmasterFile(join(data, "postgres"));
  if (left !== undefined) await eventually(() => expect(kill(left.pid, "SIGQUIT")).toBe("was gone"));
  await rm(folder, { recursive: true, force: true });
});

function kill(pid: number, signal: NodeJS.Signals): "sent" | "was gone" {
  try {
    process.kill(pid, signal);
    return "sent";
  } catch {
    return "was gone";
  }
}

/** In a process group of its own, as a shell starts what the person at the terminal may interrupt. */
function start(environment: Record<string, string> = {}, user: { uid?: number } = {}) {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", PROGRAM], {
    env: { ...compileCache, DATA_DIR: data, ...environment },
    detached: true,
    ...user,
  });
  children.push(child);
  const stderr = text(child.stderr);
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  const exited = once(child, "exit");
  return {
    child,
    ended: async () => (await exited, { exitCode: child.exitCode, stdout, stderr: await stderr }),
    async ready(): Promise<string> {
      const line = await eventually(
        () => {
          const found = stdout.split("\n").find((candidate) => candidate.includes('"ready"'));
          if (found !== undefined || child.exitCode !== null) return found;
          throw new Error(`said ${stdout || "nothing"}`);
        },
        { within: 60_000 },
      );
      if (line === undefined) throw new Error(`ended: ${stdout}${await stderr}`);
      return (JSON.parse(line) as { url: string }).url;
    },
  };
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await client.end();
  }
}

async function serverPid(): Promise<number> {
  const file = await readPostmasterFile(join(data, "postgres"));
  if (file === undefined) throw new Error("no server runs");
  return file.pid;
}

/** The program and its server. */
async function killBoth(run: ReturnType<typeof start>): Promise<void> {
  const server = await serverPid();
  run.child.kill("SIGKILL");
  kill(server, "SIGKILL");
  await run.ended();
}

/** A message that is one line, for the person who started it. */
async function refusal(started: ReturnType<typeof start>): Promise<string> {
  const { exitCode, stderr } = await started.ended();
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^example: [^\n]*\n$/);
  return stderr;
}

describe("the embedded PostgreSQL", () => {
  it("keeps data and secret from one start to the next, and nothing of it is for others", async () => {
    startAnew();
    const first = start();
    await query(await first.ready(), "CREATE TABLE kept AS SELECT 1 AS one");
    const secret = await readFile(join(data, "secret"), "utf8");
    expect(secret.trim().length).toBeGreaterThanOrEqual(32);
    expect((await stat(join(data, "secret"))).mode & 0o777).toBe(0o600);
    expect((await stat(join(data, "postgres"))).mode & 0o777).toBe(0o700);
    first.child.kill("SIGTERM");
    expect(await first.ended()).toMatchObject({ exitCode: 0, stderr: "" });

    const second = start();
    expect(await query(await second.ready(), "SELECT * FROM kept")).toEqual([{ one: 1 }]);
    expect(await readFile(join(data, "secret"), "utf8")).toBe(secret);
  });

  it("is durable, sorts by code point and listens to no network", async () => {
    const url = await start().ready();
    const settings = ["fsync", "synchronous_commit", "full_page_writes", "listen_addresses", "TimeZone"];
    const seen = await query(url, `SELECT ${settings.map((name) => `current_setting('${name}') AS "${name}"`).join()}`);
    expect(seen).toEqual([
      { fsync: "on", synchronous_commit: "on", full_page_writes: "on", listen_addresses: "", TimeZone: "UTC" },
    ]);
    expect(await query(url, "SELECT 'Z' < 'a' AS by_code_point, upper('ж') AS upper")).toEqual([
      { by_code_point: true, upper: "Ж" },
    ]);
  });

  it("just starts after kill -9, with its server still there", async () => {
    const killed = start();
    await query(await killed.ready(), "CREATE TABLE kept AS SELECT 1 AS one");
    const orphan = await serverPid();
    killed.child.kill("SIGKILL");
    await killed.ended();
    const next = start();
    expect(await query(await next.ready(), "SELECT * FROM kept")).toEqual([{ one: 1 }]);
    expect(await serverPid()).not.toBe(orphan);
  });

  it("just starts after kill -9 of both", async () => {
    const killed = start();
    await query(await killed.ready(), "CREATE TABLE kept AS SELECT 1 AS one");
    await killBoth(killed);
    expect(await query(await start().ready(), "SELECT * FROM kept")).toEqual([{ one: 1 }]);
  });

  it("just starts when the number of the killed server is another process's now", async () => {
    const killed = start();
    await killed.ready();
    await killBoth(killed);
    const stranger = spawn(
      process.execPath,
      ["--eval", "setInterval(() => {}, 1000)"],
      identity(await findServerUser()),
    );
    children.push(stranger);
    const file = join(data, "postgres", "postmaster.pid");
    await writeFile(file, (await readFile(file, "utf8")).replace(/^\d+/, String(stranger.pid)));
    await start().ready();
    expect(stranger.exitCode).toBeNull();
  });

  it.each([
    ["both", ["postmaster.pid", ".s.PGSQL.5432.lock"]],
    ["the second", [".s.PGSQL.5432.lock"]],
  ])(
    "just starts where the machine went down in the moment in which a server made %s of its files",
    async (_which, empty) => {
      const killed = start();
      await killed.ready();
      await killBoth(killed);
      for (const name of empty) await writeFile(join(data, "postgres", name), "");
      expect(await query(await start().ready(), "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    },
  );

  it("starts a server again that crashed", async () => {
    const run = start();
    const url = await run.ready();
    kill(await serverPid(), "SIGKILL");
    await eventually(async () => expect(await query(url, "SELECT 1 AS one")).toEqual([{ one: 1 }]));
    run.child.kill("SIGTERM");
    expect((await run.ended()).exitCode).toBe(0);
  });

  it("is one process's at a time", async () => {
    const first = start();
    const url = await first.ready();
    expect(await refusal(start())).toContain(
      `${data} is in use by a chat that runs already (process ${String(first.child.pid)})`,
    );
    expect(await query(url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it("is one process's when many start at once", async () => {
    startAnew();
    const runs = Array.from({ length: 4 }, () => start());
    const exitCodes = await eventually(
      () => {
        const codes = runs.map(({ child }) => child.exitCode).filter((code) => code !== null);
        expect(codes).toHaveLength(3);
        return codes;
      },
      { within: 30_000 },
    );
    expect(exitCodes).toEqual([1, 1, 1]);
    const [winner] = runs.filter(({ child }) => child.exitCode === null);
    await winner?.ready();
  });

  it("leaves a server alone that somebody else started there", async () => {
    const { postgres } = await findServerPrograms();
    const foreign = spawn(
      postgres,
      ["-D", join(data, "postgres"), "-c", "listen_addresses=", "-k", join(data, "postgres")],
      {
        ...identity(await findServerUser()),
        env: serverEnvironment(),
        stdio: "ignore",
        cwd: "/",
      },
    );
    children.push(foreign);
    await eventually(async () => expect(await serverPid()).toBe(foreign.pid));
    expect(await refusal(start())).toContain(`did not start (process ${String(foreign.pid)})`);
    expect(foreign.exitCode).toBeNull();
  });

  it("says so in a line when the cluster is of another major", async () => {
    await writeFile(join(data, "postgres", "PG_VERSION"), "12\n");
    expect(await refusal(start())).toContain("was made by PostgreSQL 12 and this is 17");
  });

  it("says so in a line when it may not write there", async () => {
    startAnew();
    await chmod(folder, 0o555);
    const user = process.getuid?.() === 0 ? { uid: 65_534 } : {};
    expect(await refusal(start({}, user))).toContain(`cannot use ${data} for data: this user may not write there`);
  });

  it("says so in a line when a part of it is gone", async () => {
    await rm(join(data, "postgres", "global"), { recursive: true });
    expect(await refusal(start())).toMatch(/could not open file ".*pg_control"/);
  });

  it("leaves no server behind where a stop is given up before its turn", async () => {
    const run = start({ HANGS: "yes" });
    await run.ready();
    const server = await serverPid();
    run.child.kill("SIGTERM");
    expect((await run.ended()).exitCode).toBe(1);
    await eventually(() => expect(kill(server, "SIGCONT")).toBe("was gone"), { within: 30_000 });
  });

  it("leaves no server behind when it cannot be used", async () => {
    await writeFile(join(data, "postgres", "pg_hba.conf"), "local all all reject\n");
    expect(await start().ended()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("pg_hba.conf rejects"),
    });
    expect(await readPostmasterFile(join(data, "postgres"))).toBeUndefined();
  });

  it("is not hit by Ctrl-C, which stops the program first", async () => {
    const run = start();
    await run.ready();
    if (run.child.pid === undefined) throw new Error("not started");
    // What a terminal does: the signal goes to the whole group.
    process.kill(-run.child.pid, "SIGINT");
    const { exitCode, stdout } = await run.ended();
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain("ended by itself");
  });

  it("works where a socket's path would be too long", async () => {
    const before = data;
    data = join(folder, "d".repeat(100));
    await rename(before, data);
    const run = start();
    const url = await run.ready();
    expect(await query(url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    run.child.kill("SIGTERM");
    expect((await run.ended()).exitCode).toBe(0);
    expect((await stat(join(data, "postgres", "PG_VERSION"))).isFile()).toBe(true);
  });
});

const asRoot = process.getuid?.() === 0;
describe("the user of the embedded PostgreSQL", () => {
  it("runs the server as a user who is not root, and names a folder that this user cannot enter", async () => {
    startAnew();
    const run = start();
    await run.ready();
    expect((await stat(join(data, "postgres"))).uid).toBe((await findServerUser())?.uid ?? process.getuid?.());
    run.child.kill("SIGTERM");
    await run.ended();
    await chmod(folder, 0o700);
    const again = start();
    const outcome = asRoot ? await refusal(again) : await again.ready();
    expect(outcome).toContain(asRoot ? `cannot enter ${folder}:` : data.slice(0, 1));
  });
});
