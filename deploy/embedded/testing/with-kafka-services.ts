import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pool } from "pg";
import { decodeEvent } from "@chat/shared/events/event-record";
import type { UserId } from "@chat/shared/ids";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { readEvents } from "@chat/shared/log/fenced-reader";
import { openKafkaLog } from "@chat/shared/log/kafka/kafka-log";
import { startOfPartition } from "@chat/shared/log/position";
import { createPool } from "@chat/shared/postgres/connect";
import { compileCache } from "@chat/shared/testing/compile-cache";
import { noRateLimits } from "@chat/shared/testing/no-rate-limits";
import { createLogger } from "@chat/shared/telemetry/logger";
import { eventually } from "@chat/shared/testing/eventually";
import { freePort } from "@chat/shared/testing/free-port";
import { specBroker } from "@chat/shared/testing/with-kafka";
import { startPostgresContainer } from "./postgres-container.ts";
import { makeAccounts, PARTITIONS } from "./with-instances.ts";

const root = join(import.meta.dirname, "../../..");
const SECRET = "a secret that is long enough for HS256 to like";
/** A process starts, with others beside it on two cores. */
const READY = { within: 90_000 };
const silent = createLogger({ service: "spec", level: "silent" });

export type ServiceName = "command-api" | "query-api" | "realtime" | "projector";

/** A service in a process of its own. */
export interface ServiceProcess {
  readonly url: string;
  readonly port: number;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<{ readonly exitCode: number | null; readonly said: string }>;
  /** One of its metrics, all labels together. */
  metric(name: string): Promise<number>;
}

export interface KafkaServices {
  readonly pool: Pool;
  /** Resolves when it is ready. Users 1 to 100 have accounts. */
  start(service: ServiceName, settings?: Readonly<Record<string, string>>): Promise<ServiceProcess>;
  tokenOf(userId: string): string;
  /** Aborted at the end, for whoever would go on for ever. */
  readonly over: AbortSignal;
  /** By instance how many partitions are its own now, as the leases say. */
  shares(...of: readonly { readonly url: string }[]): Promise<readonly number[]>;
  ownerOf(partition: number): Promise<string | undefined>;
  /** By chat what the log holds of messages, in its order, read through the fence. */
  messages(): Promise<ReadonlyMap<string, readonly { readonly seq: number; readonly key: string | null }[]>>;
  stop(): Promise<void>;
}

/** Services as processes, with the log in the run's Kafka and a PostgreSQL in a container. All are killed at the end. */
export async function startKafkaServices(): Promise<KafkaServices> {
  const postgres = await startPostgresContainer();
  const databaseUrl = postgres.getConnectionUri().replace("postgres:", "postgresql:");
  const kafka = { brokers: specBroker().split(","), topic: `spec-${randomUUID()}`, durability: "single" } as const;
  const folder = await mkdtemp(join(tmpdir(), "chat-kafka-services-"));
  const environment = {
    DATABASE_URL: databaseUrl,
    KAFKA_BROKERS: kafka.brokers.join(),
    KAFKA_TOPIC: kafka.topic,
    LOG_DURABILITY: kafka.durability,
    LOG_LEVEL: "warn",
    SECRET_KEY: SECRET,
    FILES_DIR: folder,
    ...noRateLimits,
  };
  const children: ChildProcess[] = [];
  const over = new AbortController();
  const tokens = createAccessTokens({ secret: SECRET, lifetimeSeconds: 600 });
  const pool = createPool({ url: databaseUrl, name: "spec", max: 4, log: silent });

  function run(program: string, settings: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, [join(root, program)], {
      cwd: root,
      env: { ...compileCache, ...environment, PARTITIONS: String(PARTITIONS), ...settings },
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const ended = once(child, "close").then(() => ({ exitCode: child.exitCode, said }));
    return { child, ended, said: () => said };
  }

  async function start(service: ServiceName, settings = {}): Promise<ServiceProcess> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const { child, ended, said } = run(`${service}/src/main.ts`, {
      PORT: String(port),
      INSTANCE_URL: url,
      ...settings,
    });
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${said()}`);
      const answer = await fetch(`${url}/health/ready`).catch((error: unknown) => {
        throw new Error(`no answer: ${String(error)} ${said()}`);
      });
      if (!answer.ok) throw new Error(`not ready: ${await answer.text()} ${said()}`);
    }, READY);
    return {
      url,
      port,
      ended,
      signal: (name) => void child.kill(name),
      async metric(name) {
        const page = await (await fetch(`${url}/metrics`)).text();
        const values = page.split("\n").filter((line) => new RegExp(`^${name}[ {]`).test(line));
        return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
      },
    };
  }

  const leases = async () =>
    (
      await pool.query<{ partition: number; url: string }>(
        "SELECT partition, url FROM directory.leases WHERE expires_at > clock_timestamp()",
      )
    ).rows;

  async function messages() {
    const found = new Map<string, { seq: number; key: string | null }[]>();
    const log = await openKafkaLog({ ...kafka, clientId: "spec", log: silent });
    const stop = new AbortController();
    try {
      const left = new Map((await log.ends()).entries());
      const from = new Map([...left.keys()].map((partition) => [partition, startOfPartition]));
      for await (const { partition, events, next } of readEvents(log, from, stop.signal)) {
        for (const { value } of events) {
          const { chatId, event, idempotencyKey: key } = decodeEvent(value);
          if (event.type === "MessageSent") found.set(chatId, [...(found.get(chatId) ?? []), { seq: event.seq, key }]);
        }
        if (next.offset >= (left.get(partition) ?? 0)) left.delete(partition);
        if (left.size === 0) break;
      }
    } finally {
      stop.abort();
      await log.close();
    }
    return found;
  }

  async function stopAll(): Promise<void> {
    over.abort();
    for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await pool.end();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }

  try {
    // A server in a container starts twice, and may still be on its way between the two.
    await eventually(async () => {
      const { exitCode, said } = await run("deploy/migrate/main.ts", {}).ended;
      if (exitCode !== 0) throw new Error(`migrate failed: ${said}`);
    }, READY);
    await makeAccounts(pool);
  } catch (error) {
    await stopAll();
    throw error;
  }

  return {
    pool,
    start,
    tokenOf: (userId) => tokens.sign({ userId: userId as UserId, sessionId: "a-session" }),
    over: over.signal,
    async shares(...of) {
      const now = await leases();
      return of.map(({ url }) => now.filter((lease) => lease.url === url).length);
    },
    ownerOf: async (partition) => (await leases()).find((lease) => lease.partition === partition)?.url,
    messages,
    stop: stopAll,
  };
}
