import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { freePort } from "@chat/shared/testing/free-port";
import { httpRequest, openHttpConnection } from "../driver/http-connection.ts";
import { makePeople, type Person } from "../people.ts";
import { type Program, runProgram, startSilentProgram } from "../processes.ts";

/** Wide: eight processes start at once. */
const READY_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 20;

export type ServiceName = "command-api" | "query-api" | "realtime" | "projector";

export interface RunningService {
  readonly name: ServiceName;
  readonly port: number;
  /** Stops it as a deployment does, and starts it again at the same port; resolves when it is ready. */
  restart(): Promise<void>;
}

export interface KafkaStack {
  readonly people: readonly Person[];
  readonly services: readonly RunningService[];
  of(name: ServiceName): readonly RunningService[];
  close(): Promise<void>;
}

interface Options {
  readonly broker: string;
  /** An empty database. */
  readonly databaseUrl: string;
  readonly people: number;
  readonly services: readonly ServiceName[];
}

/**
 * The services as processes, with the log in Kafka, on any core: with a broker and a database they share what there is with
 * whoever drives them, as bare kafkajs does.
 */
export async function startKafkaStack({ broker, databaseUrl, people, services }: Options): Promise<KafkaStack> {
  const secret = randomBytes(48).toString("base64url");
  const files = await mkdtemp(join(tmpdir(), "chat-bench-files-"));
  const environment = {
    DATABASE_URL: databaseUrl,
    KAFKA_BROKERS: broker,
    KAFKA_TOPIC: `bench-${randomBytes(6).toString("hex")}`,
    LOG_DURABILITY: "single",
    LOG_LEVEL: "error",
    SECRET_KEY: secret,
    FILES_DIR: files,
    ...{ WS_FLOOD_BURST: "1000000", WS_FLOOD_PER_SECOND: "1000000" },
    ...{ RATE_LIMIT_COMMANDS: "0", RATE_LIMIT_READS: "0", RATE_LIMIT_ACCOUNTS: "0" },
  };
  await runProgram("deploy/migrate/main.ts", { environment });
  const db = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const made = await makePeople(db, secret, people);
  await db.end();
  const programs = new Set<Program>();

  async function start(name: ServiceName): Promise<RunningService> {
    const port = await freePort();
    const own = { PORT: String(port), INSTANCE_URL: `http://127.0.0.1:${port}` };
    const run = async (): Promise<Program> => {
      const program = startSilentProgram(`${name}/src/main.ts`, {
        environment: { ...environment, ...own },
        pinned: false,
      });
      programs.add(program);
      await untilReady(name, port);
      return program;
    };
    let program = await run();
    return {
      name,
      port,
      async restart() {
        await program.stop();
        programs.delete(program);
        program = await run();
      },
    };
  }

  async function close(): Promise<void> {
    await Promise.all([...programs].map((program) => program.stop()));
    await rm(files, { recursive: true, force: true });
  }

  const running = await Promise.all(services.map(start)).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    people: made,
    services: running,
    of: (name) => running.filter((service) => service.name === name),
    close,
  };
}

async function untilReady(name: ServiceName, port: number): Promise<void> {
  const giveUpAt = performance.now() + READY_WITHIN_MS;
  while (!(await isReady(port))) {
    if (performance.now() > giveUpAt) throw new Error(`${name} is not ready`);
    await sleep(LOOK_EVERY_MS);
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    const connection = await openHttpConnection(port);
    const { status } = await connection.send(httpRequest("GET", "/health/ready", "none"));
    connection.close();
    return status === 200;
  } catch {
    return false;
  }
}
