import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { containerImages } from "@chat/shared/testing/container-images";
import { eventually } from "@chat/shared/testing/eventually";
import { freePort } from "@chat/shared/testing/free-port";
import { specBroker } from "@chat/shared/testing/with-kafka";
import { PostgreSqlContainer, type StartedPostgreSqlContainer } from "@testcontainers/postgresql";

const root = join(import.meta.dirname, "..");
const limitMs = 120_000;
/** Four processes start at once on a busy machine. */
const within = { within: 60_000 };

describe("the programs with Kafka", () => {
  let postgres: StartedPostgreSqlContainer;
  let environment: Record<string, string>;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    postgres = await new PostgreSqlContainer(containerImages.postgres).start();
    environment = {
      DATABASE_URL: postgres.getConnectionUri().replace("postgres:", "postgresql:"),
      KAFKA_BROKERS: specBroker(),
      KAFKA_TOPIC: `spec-${randomUUID()}`,
      LOG_DURABILITY: "single",
      LOG_LEVEL: "warn",
      SECRET_KEY: randomBytes(32).toString("hex"),
    };
  }, limitMs);
  afterAll(async () => {
    await Promise.all(running.map(stop));
    await postgres.stop();
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
    const [code] = (await once(start("deploy/migrate/main.ts", { ...environment, ...settings }), "close")) as [number];
    expect(code).toBe(0);
  }

  it(
    "say in one line what is wrong with the settings, by the variable's name",
    async () => {
      const service = "query-api/src/main.ts";
      expect(await failing(service, { KAFKA_BROKERS: "localhost:1" })).toMatch(/^query-api: KAFKA_BROKERS: .+\n$/);
      expect(await failing(service, {})).toMatch(/^query-api: KAFKA_TOPIC: there is no topic .+\n$/);
      expect(await failing("deploy/migrate/main.ts", { LOG_DURABILITY: "replicated" })).toMatch(
        /^migrate: LOG_DURABILITY is replicated, but there is only one broker.+\n$/,
      );
      await migrate();
      await migrate();
      expect(await failing(service, { LOG_DURABILITY: "replicated" })).toMatch(
        /LOG_DURABILITY is replicated.+min\.insync/,
      );
      expect(await failing("deploy/migrate/main.ts", { PARTITIONS: "8" })).toMatch(/^migrate: PARTITIONS is 8, .+\n$/);
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
    },
    limitMs,
  );
});

function start(program: string, environment: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [join(root, program)], {
    cwd: root,
    env: environment,
    stdio: ["ignore", "ignore", "pipe"],
  });
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
