import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { openKafkaLog } from "@chat/shared/log/kafka/kafka-log";
import { logMigrations } from "@chat/shared/log/postgres/migrations";
import { createPostgresLog, openPostgresLog } from "@chat/shared/log/postgres/postgres-log";
import { findPostgresLog, readSealed } from "@chat/shared/log/postgres/sealed-log";
import { createPool } from "@chat/shared/postgres/connect";
import { migrateAll } from "@chat/shared/postgres/migrate";
import { createLogger } from "@chat/shared/telemetry/logger";
import { compileCache } from "@chat/shared/testing/compile-cache";
import { eventually } from "@chat/shared/testing/eventually";
import { freePort } from "@chat/shared/testing/free-port";
import { openSocket } from "@chat/shared/testing/socket-client";
import { type SpecServer, startSpecServer } from "@chat/shared/testing/spec-server";
import { openSpecTopics, type SpecTopics } from "@chat/shared/testing/spec-topics";
import { specBroker } from "@chat/shared/testing/with-kafka";
import { moveToKafka } from "./move-to-kafka.ts";
import { type Call, createCall } from "./testing/call.ts";
import { createProcesses, type Processes, type Running } from "./testing/processes.ts";

/** Many processes start one after the other, on a machine that does other things too. */
const limitMs = 600_000;
const within = { within: 150_000 };
const PARTITIONS = 3;
const ELECTIONS = 800;
const silent = createLogger({ service: "spec", level: "silent" });

describe("moving to Kafka", () => {
  let server: SpecServer;
  let topics: SpecTopics;
  let processes: Processes;
  let folder: string;
  let environment: Record<string, string>;

  beforeAll(async () => {
    [server, topics] = await Promise.all([startSpecServer(), openSpecTopics()]);
  }, limitMs);
  afterAll(async () => {
    await Promise.all([server.stop(), topics.close()]);
  }, limitMs);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "chat-log-copy-"));
    // The user whom PostgreSQL runs as must be able to pass.
    await chmod(folder, 0o711);
    environment = {
      ...compileCache,
      DATABASE_URL: await emptyDatabase(server.url),
      KAFKA_BROKERS: specBroker(),
      KAFKA_TOPIC: `spec-${randomUUID()}`,
      KAFKA_SIGNALS_TOPIC: `spec-${randomUUID()}`,
      LOG_DURABILITY: "single",
      LOG_LEVEL: "warn",
      PARTITIONS: String(PARTITIONS),
      FILES_DIR: join(folder, "files"),
      SECRET_KEY: "a secret that is long enough for HS256 to like",
    };
    processes = createProcesses({ folder, environment });
  }, limitMs);
  afterEach(async () => {
    await processes.killAll();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }, limitMs);

  const copy = (settings: Record<string, string> = {}) =>
    processes.run("deploy/chat/main.ts", settings, "log", "copy", ...ORDER);

  it(
    "a chat that runs is stopped by it, and services on Kafka go on where it was, for devices and clients too",
    async () => {
      const port = await freePort();
      const embedded = processes.start("deploy/embedded/main.ts", {
        PORT: String(port),
        DATA_DIR: join(folder, "data"),
      });
      const before = createCall(port);
      await eventually(() => before("GET", "/health/ready"), within);
      const alice = await register(before, "alice");
      const bob = await register(before, "bob");
      const members = { chat_type: "private", member_ids: [bob.id] };
      const { chat_id: chat } = await before("POST", "/chats", { token: alice.token, body: members });
      const path = `/chats/${String(chat)}/messages`;
      const say = (call: Call, n: number) =>
        call("POST", path, { token: alice.token, body: { text: `m${n}`, client_message_id: `m${n}` } });
      const phone = await openSocket(`ws://127.0.0.1:${port}/ws?token=${bob.token}&device=phone`);
      const first = await say(before, 1);
      await eventually(() => expect(textsOf(phone.events())).toEqual(["m1"]), within);
      const cursor = phone.cursor();
      phone.ws.close();
      await phone.closed;
      await say(before, 2);
      await say(before, 3);

      const copied = await copy();
      expect(copied).toMatchObject({ exitCode: 0, stderr: "" });
      expect(copied.stdout).toMatch(/sealed log .*\n(.*\n)*log copy: (\d+) of \2 records \(100 %\).*\nlog copy: done/);
      const ended = await embedded.ended;
      expect(ended.exitCode).toBe(1);
      expect(ended.stdout).toMatch(/"fatal".*the log of this database (is on its way|was moved) to Kafka/);
      expect(await processes.run("deploy/embedded/main.ts", { DATA_DIR: join(folder, "data") })).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(/^chat: the log of this database was moved to Kafka: set KAFKA_BROKERS .*\n$/),
      });
      const lines: string[] = [];
      const { DATABASE_URL: databaseUrl = "", KAFKA_TOPIC: topic = "" } = environment;
      const again = (to: string): Promise<void> => {
        const kafka = { brokers: [specBroker()], topic: to, durability: "single" as const };
        return moveToKafka({ databaseUrl, kafka, log: silent, say: (line) => lines.push(line), signal });
      };
      await again(topic);
      expect(lines).toEqual([expect.stringMatching(/^nothing to do: .* KAFKA_TOPIC=spec-/)]);
      await expect(again("elsewhere")).rejects.toThrow(/^KAFKA_TOPIC is elsewhere, and that is not where the log went/);

      expect(await processes.run("deploy/migrate/main.ts", {})).toMatchObject({ exitCode: 0 });
      const [commands, queries, sockets, projector] = await Promise.all([1, 2, 3, 4].map(() => freePort()));
      const ports = { "command-api": commands, "query-api": queries, realtime: sockets, projector };
      const services: Running[] = [];
      for (const [service, own] of Object.entries(ports)) {
        const settings = { PORT: String(own), COMMAND_API_URL: `http://127.0.0.1:${String(commands)}` };
        services.push(processes.start(`${service}/src/main.ts`, settings));
      }
      const [deciding, asking] = [createCall(commands ?? 0), createCall(queries ?? 0)];
      expect(
        await eventually(() => {
          for (const service of services) service.checkRuns();
          return say(deciding, 1);
        }, within),
      ).toEqual(first);
      await say(deciding, 4);
      const history = await eventually(() => asking("GET", path, { token: alice.token }), within);
      expect(textsOf(history)).toEqual(["m1", "m2", "m3", "m4"]);
      const back = await eventually(
        () => openSocket(`ws://127.0.0.1:${String(sockets)}/ws?token=${bob.token}&device=phone&cursor=${cursor}`),
        within,
      );
      await say(deciding, 5);
      await eventually(() => expect(textsOf(back.events())).toEqual(["m2", "m3", "m4", "m5"]), within);
      back.ws.close();
      await back.closed;
    },
    limitMs,
  );

  it(
    "is refused before anything is sealed, goes on after it was killed, and brings every record to its place",
    async () => {
      const { DATABASE_URL: url = "", KAFKA_TOPIC: topic = "" } = environment;
      const pool = createPool({ url, name: "spec", max: 2, log: silent });
      await migrateAll(url, [logMigrations], silent);
      await createPostgresLog(pool, "a-log", PARTITIONS);
      // Elections travel alone: a log of many takes a while.
      await pool.query(
        `INSERT INTO log.records SELECT 0, n, 1, '', '',
           json_build_object('logId', 'a-log', 'writer', 'a', 'id', 'election' || n) FROM generate_series(1, $1::int) AS n`,
        [ELECTIONS],
      );
      await pool.query("UPDATE log.partitions SET next_offset = $1, epoch = $2 WHERE partition = 0", [
        ELECTIONS + 1,
        String(ELECTIONS),
      ]);
      await openPostgresLog({ pool }).then((log) => log.close());

      for (const [settings, fault] of await unfitTargets(topic)) {
        const kafka = { brokers: [specBroker()], topic, durability: "single" as const, ...settings };
        await expect(moveToKafka({ databaseUrl: url, kafka, log: silent, say, signal })).rejects.toThrow(fault);
        expect(await findPostgresLog(pool)).toMatchObject({ move: null });
      }
      const other = await processes.run("deploy/log-copy/main.ts", { PARTITIONS: String(2 * PARTITIONS) }, ...ORDER);
      expect(other).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(/^log copy: PARTITIONS is \d+, but the log has \d+/),
      });
      const nobodyThere = { PARTITIONS: String(2 * PARTITIONS), KAFKA_BROKERS: "localhost:1" };
      expect(await processes.run("deploy/log-copy/main.ts", nobodyThere, ...ORDER)).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(
          /^log copy: PARTITIONS is [^\n]*\nlog copy: KAFKA_BROKERS: no usable answer [^\n]*\n$/,
        ),
      });
      expect(await findPostgresLog(pool)).toMatchObject({ move: null });

      const interrupted = processes.start("deploy/log-copy/main.ts", {}, ...ORDER);
      await eventually(async () => expect(await topics.end(topic, 0)).toBeGreaterThan(5), within);
      interrupted.signal("SIGINT");
      expect(await interrupted.ended).toMatchObject({
        exitCode: 1,
        stderr: "log copy: it was interrupted; run the same command again, and it goes on where it was\n",
      });

      const copier = processes.start("deploy/log-copy/main.ts", {}, ...ORDER);
      await eventually(async () => expect(await topics.end(topic, 0)).toBeGreaterThan(50), within);
      copier.signal("SIGKILL");
      await copier.ended;
      const cutAt = await topics.end(topic, 0);
      expect(cutAt).toBeLessThan(ELECTIONS);
      const service = await processes.run("query-api/src/main.ts", {});
      expect(service).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(/not all of it is there: finish with/),
      });
      expect(await copy()).toMatchObject({ exitCode: 0, stderr: "" });

      // A log that is there has as many partitions as it has.
      expect(await processes.run("deploy/migrate/main.ts", { PARTITIONS: "" })).toMatchObject({ exitCode: 0 });

      const kafka = { brokers: [specBroker()], topic, durability: "single" } as const;
      const log = await openKafkaLog({ ...kafka, clientId: "spec", log: silent });
      expect(log.id).toBe("a-log");
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        const source = [];
        for await (const page of readSealed(pool, partition)) source.push(...page);
        const found = [];
        for await (const { records } of log.read(new Map([[partition, 0]]), new AbortController().signal)) {
          found.push(...records);
          if (found.length > source.length) break;
        }
        expect(found.slice(0, -1)).toEqual(source);
        expect(found.at(-1)).toMatchObject({ kind: "election", writer: "log copy", offset: source.length });
      }
      await Promise.all([log.close(), pool.end()]);
    },
    limitMs,
  );

  /** Each with what is said of it. */
  async function unfitTargets(topic: string): Promise<[{ topic?: string; brokers?: string[] }, RegExp][]> {
    await topics.make(`${topic}-wide`, PARTITIONS + 1);
    await topics.make(`${topic}-full`, PARTITIONS);
    await topics.put(`${topic}-full`, 2, "something");
    return [
      [{ brokers: ["localhost:1"] }, /^KAFKA_BROKERS: no usable answer from localhost:1/],
      [{ topic: `${topic}-wide` }, /^KAFKA_TOPIC: .* has 4 partitions, but the log has 3: delete it/],
      [{ topic: `${topic}-full` }, /^KAFKA_TOPIC: .* holds something already, in partitions 2; name one/],
    ];
  }

  it(
    "is refused with a line for each fault, and takes a data folder whose chat has stopped",
    async () => {
      const data = { DATABASE_URL: "", DATA_DIR: join(folder, "data") };
      const refusal = async (settings: Record<string, string>): Promise<string> => {
        const { exitCode, stderr } = await copy({ ...data, ...settings });
        expect(exitCode).toBe(1);
        return stderr;
      };
      expect(await refusal({ KAFKA_BROKERS: "", LOG_DURABILITY: "some", DATABASE_URL: "hush" })).toMatch(
        /^(log copy: (KAFKA_BROKERS|LOG_DURABILITY|DATABASE_URL) is [^\n]*; expected [^\n]*\n){3}$/,
      );
      expect(await refusal({})).toMatch(/^log copy: DATA_DIR: there is no database of a chat in .*\n$/);

      const port = await freePort();
      const embedded = processes.start("deploy/embedded/main.ts", { ...data, PORT: String(port) });
      await eventually(() => createCall(port)("GET", "/health/ready"), within);
      expect(await refusal({})).toMatch(/^log copy: .* is in use by a chat that runs already .*\n$/);
      embedded.signal("SIGTERM");
      expect((await embedded.ended).exitCode).toBe(0);

      expect(await copy(data)).toMatchObject({ exitCode: 0, stderr: "" });
      const alone = processes.start("deploy/chat/main.ts", data, "postgres");
      const url = await eventually(() => {
        const said = /^DATABASE_URL=(.*)$/m.exec(alone.stdout())?.[1];
        if (said === undefined) throw new Error("not ready");
        return said;
      }, within);
      expect(await refusal({ DATABASE_URL: url })).toMatch(
        /^log copy: DATABASE_URL: this is the embedded PostgreSQL .*\n$/,
      );
      alone.signal("SIGTERM");
      expect((await alone.ended).exitCode).toBe(0);
    },
    limitMs,
  );
});

const signal = new AbortController().signal;
const say = (): undefined => undefined;
const ORDER = ["--from", "postgres", "--to", "kafka"];

async function emptyDatabase(serverUrl: string): Promise<string> {
  const pool = createPool({ url: serverUrl, name: "spec", max: 1, log: silent });
  const name = `spec_${randomUUID().replaceAll("-", "")}`;
  await pool.query(`CREATE DATABASE ${name}`).finally(() => pool.end());
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function register(call: Call, name: string): Promise<{ readonly id: string; readonly token: string }> {
  const body = { email: `${name}@example.com`, name, password: "password123" };
  const { access_token: token } = await call("POST", "/auth/register", { body });
  const { id } = await call("GET", "/me", { token: String(token) });
  return { id: String(id), token: String(token) };
}

function textsOf(frames: unknown): unknown[] {
  const messages = JSON.parse(JSON.stringify(frames)) as { text?: string; payload?: { text?: string } }[];
  return messages.map(({ text, payload }) => text ?? payload?.text).filter((text) => text !== undefined);
}
