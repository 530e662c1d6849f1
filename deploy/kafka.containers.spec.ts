import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createPool } from "@chat/shared/postgres/connect";
import { createLogger } from "@chat/shared/telemetry/logger";
import { noRateLimits } from "@chat/shared/testing/no-rate-limits";
import { compileCache } from "@chat/shared/testing/compile-cache";
import { eventually } from "@chat/shared/testing/eventually";
import { freePort } from "@chat/shared/testing/free-port";
import { createEmptyTopic, specBroker } from "@chat/shared/testing/with-kafka";
import type { StartedPostgreSqlContainer } from "@testcontainers/postgresql";
import { startPostgresContainer } from "./embedded/testing/postgres-container.ts";

const root = join(import.meta.dirname, "..");
const services = ["command-api", "query-api", "realtime", "projector"] as const;
const migrateProgram = "deploy/migrate/main.ts";
const silent = createLogger({ service: "spec", level: "silent" });
const limitMs = 120_000;
/** Four processes start at once on a busy machine. */
const within = { within: 60_000 };

describe("the programs with Kafka", () => {
  let postgres: StartedPostgreSqlContainer;
  let folder: string;
  let environment: Record<string, string>;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    postgres = await startPostgresContainer();
    folder = await mkdtemp(join(tmpdir(), "chat-kafka-"));
    environment = {
      DATABASE_URL: postgres.getConnectionUri().replace("postgres:", "postgresql:"),
      KAFKA_BROKERS: specBroker(),
      KAFKA_TOPIC: `spec-${randomUUID()}`,
      LOG_DURABILITY: "single",
      LOG_LEVEL: "warn",
      SECRET_KEY: randomBytes(32).toString("hex"),
      FILES_DIR: folder,
      ...noRateLimits,
    };
  }, limitMs);
  afterAll(async () => {
    await Promise.all(running.map(stop));
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }, limitMs);

  /** Runs to its end; what it wrote to stderr. */
  async function failing(program: string, settings: Record<string, string>): Promise<string> {
    const child = start(program, { ...environment, ...settings });
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, "close")) as [number];
    expect(code).toBe(1);
    return said;
  }

  async function migrate(settings: Record<string, string> = {}): Promise<void> {
    const [code] = (await once(start(migrateProgram, { ...environment, ...settings }), "close")) as [number];
    expect(code).toBe(0);
  }

  /** The operator's order, beside the programs that run. */
  async function verified(): Promise<{ readonly code: number; readonly said: string }> {
    const child = start("deploy/verify/main.ts", environment);
    let said = "";
    child.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, "close")) as [number];
    return { code, said };
  }

  it(
    "say in a line each all that is wrong before anything was made, by the variable's name",
    async () => {
      const nowhere = { KAFKA_BROKERS: "localhost:1" };
      const unfit: Record<string, Record<string, string>> = {
        projector: nowhere,
        "command-api": { FILES_DIR: "/dev/null/files" },
      };
      const notMigrated = "the database that DATABASE_URL names was not migrated, .+; run: npm run migrate";
      const [migrating, ofOneBroker, ...starting] = await Promise.all([
        failing(migrateProgram, { ...nowhere, DATABASE_URL: "postgresql://nobody@localhost:1/chat" }),
        failing(migrateProgram, { LOG_DURABILITY: "replicated" }),
        ...services.map((service) => failing(`${service}/src/main.ts`, unfit[service] ?? {})),
      ]);
      expect(migrating).toMatch(
        /^migrate: the database that DATABASE_URL names cannot be used: .+\nmigrate: KAFKA_BROKERS: .+\n$/,
      );
      expect(ofOneBroker).toMatch(/^migrate: LOG_DURABILITY is replicated, but there is only one broker.+\n$/);
      for (const [index, service] of services.entries()) {
        const log = service === "projector" ? "KAFKA_BROKERS: .+" : "KAFKA_TOPIC: there is no topic .+";
        const signals = ["command-api", "realtime"].includes(service)
          ? ["KAFKA_SIGNALS_TOPIC: there is no topic .+"]
          : [];
        const files = service === "command-api" ? ["FILES_DIR: .+"] : [];
        const lines = [notMigrated, ...files, ...signals, log].map((line) => `${service}: ${line}\n`);
        expect(starting[index]).toMatch(new RegExp(`^${lines.join("")}$`));
      }
    },
    limitMs,
  );

  it(
    "say in a line each all that is wrong with a topic that is there",
    async () => {
      await migrate();
      await migrate();
      const asked = { LOG_DURABILITY: "replicated", PARTITIONS: "8" };
      const halfMade = await createEmptyTopic(2);
      const [unfinished, unfinishedToo, ...refused] = await Promise.all([
        failing(migrateProgram, { KAFKA_TOPIC: halfMade, PARTITIONS: "2" }),
        failing("query-api/src/main.ts", { KAFKA_TOPIC: halfMade }),
        failing(migrateProgram, asked),
        ...services.map((service) => failing(`${service}/src/main.ts`, asked)),
      ]);
      const interrupted = /^.+: KAFKA_TOPIC: the topic .+ is no log of ours: .+ interrupted, delete it .+\n$/;
      expect(unfinished).toMatch(interrupted);
      expect(unfinishedToo).toMatch(interrupted);
      for (const [index, program] of ["migrate", ...services].entries()) {
        const lines = [
          "PARTITIONS is 8, but the topic .+ has 16: .+",
          "LOG_DURABILITY is replicated, but the topic .+ has 1 replica; .+",
          "LOG_DURABILITY is replicated, but the topic .+ has min.insync.replicas=1; .+",
        ];
        expect(refused[index]).toMatch(new RegExp(`^${lines.map((line) => `${program}: ${line}\n`).join("")}$`));
      }
    },
    limitMs,
  );

  it(
    "keep a message in the log and show it to whoever asks afterwards",
    async () => {
      await migrate();
      const [commands, queries, sockets, projector] = await Promise.all([
        freePort(),
        freePort(),
        freePort(),
        freePort(),
      ]);
      const ports = { "command-api": commands, "query-api": queries, realtime: sockets, projector };
      for (const [service, port] of Object.entries(ports)) {
        const own = { PORT: String(port), COMMAND_API_URL: `http://127.0.0.1:${commands}` };
        running.push(start(`${service}/src/main.ts`, { ...environment, ...own }));
      }
      const account = { email: "alice@example.com", password: "password123", name: "alice" };
      // Ready is an instance once every partition is somebody's: on a busy machine that comes well after it listens.
      await eventually(async () => {
        expect((await fetch(`http://127.0.0.1:${commands}/health/ready`)).status).toBe(200);
      }, within);
      const { access_token: token } = await eventually(() => post(commands, "/auth/register", account), within);
      const { chat_id: chat } = await post(
        commands,
        "/chats",
        { chat_type: "group", name: "x", member_ids: [] },
        token,
      );
      await post(commands, `/chats/${String(chat)}/messages`, { text: "hello" }, token);
      await eventually(async () => {
        const answer = await fetch(`http://127.0.0.1:${queries}/chats/${String(chat)}/messages`, bearer(token));
        expect(answer.headers.get("chat-stale")).toBeNull();
        expect(await answer.json()).toMatchObject([{ text: "hello", seq: 1 }]);
      }, within);
      expect(await verified()).toEqual({
        code: 0,
        said: expect.stringMatching(/^2 events of 1 chats, 0 violations$/m),
      });
      const pool = createPool({ url: environment["DATABASE_URL"] ?? "", name: "spec", max: 1, log: silent });
      const damaged = eventually(() => pool.query("UPDATE read_1.members SET own_since = 7"), within);
      await damaged.finally(() => pool.end());
      const damage = new RegExp(`^VIOLATION partition .+ chat ${String(chat)} .+ -6 unread messages`, "m");
      expect(await verified()).toEqual({ code: 1, said: expect.stringMatching(damage) });
    },
    limitMs,
  );
});

function start(program: string, environment: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [join(root, program)], {
    cwd: root,
    env: { ...compileCache, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // A pipe that nobody reads would stop its writer in the end.
  child.stdout.resume();
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

const bearer = (token: unknown) => ({ headers: { authorization: `Bearer ${String(token)}` } });

async function post(port: number, path: string, body: object, token?: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...bearer(token).headers },
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
}
