import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Pool } from "pg";
import { createProjector } from "@chat/projector/service";
import type { UserId } from "@chat/shared/ids";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { createPostgresLog, openPostgresLog } from "@chat/shared/log/postgres/postgres-log";
import { freePort } from "@chat/shared/testing/free-port";
import { noRateLimits } from "@chat/shared/testing/no-rate-limits";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { compileCache } from "@chat/shared/testing/compile-cache";
import { eventually } from "@chat/shared/testing/eventually";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { createWakeup } from "@chat/shared/wakeup";
import { migrationSets } from "../../migrate/migration-sets.ts";

export const PARTITIONS = 16;
const ACCOUNTS = 100;
const MAIN = fileURLToPath(new URL("../../../command-api/src/main.ts", import.meta.url));
const SECRET = "a secret that is long enough for HS256 to like";
/** A process starts, with others beside it on two cores. */
const READY_WITHIN_MS = 60_000;

/** A command-api in a process of its own. */
export interface Instance {
  readonly url: string;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<{ readonly exitCode: number | null; readonly said: string }>;
  /** One of its metrics, all labels together. */
  metric(name: string): Promise<number>;
}

export interface Instances {
  readonly pool: Pool;
  /** Resolves when it takes requests: its share comes a little later. Users 1 to `ACCOUNTS` have accounts. */
  start(): Promise<Instance>;
  tokenOf(userId: string): string;
  /** Aborted at the end, for whoever would go on for ever. */
  readonly over: AbortSignal;
  /** By instance how many partitions are its own now, as the leases say. */
  shares(...of: readonly Instance[]): Promise<readonly number[]>;
  /** Where a partition is owned now. */
  ownerOf(partition: number): Promise<string | undefined>;
}

/** Several instances of command-api on one database, with a projector beside them. All are killed at the end. */
export function withInstances(use: (instances: Instances) => Promise<void>): Promise<void> {
  return withPostgres(
    async ({ pool, url: databaseUrl }) => {
      await createPostgresLog(pool, "a-log", PARTITIONS);
      await makeAccounts(pool);
      const log = await openPostgresLog({ pool, pollMs: 20 });
      const logger = createLogger({ service: "spec", level: "silent" });
      const common = { log, pool, databaseUrl, logger, metrics: createMetrics(), progress: createWakeup() };
      const projector = createProjector({ ...common, onFatal: () => undefined });
      await projector.start();
      const children: ChildProcess[] = [];
      const over = new AbortController();
      const tokens = createAccessTokens({ secret: SECRET, lifetimeSeconds: 600 });
      const folder = await mkdtemp(join(tmpdir(), "chat-instances-"));
      const leases = async (): Promise<readonly { partition: number; url: string }[]> =>
        (
          await pool.query<{ partition: number; url: string }>(
            "SELECT partition, url FROM directory.leases WHERE expires_at > clock_timestamp()",
          )
        ).rows;
      try {
        await use({
          pool,
          over: over.signal,
          async start() {
            const { instance, child } = await startInstance(databaseUrl, folder);
            children.push(child);
            await eventually(
              async () => {
                if (child.exitCode !== null) throw new Error(`it ended: ${(await instance.ended).said}`);
                if (!(await fetch(`${instance.url}/health/ready`)).ok) throw new Error("not ready");
              },
              { within: READY_WITHIN_MS },
            );
            return instance;
          },
          tokenOf: (userId) => tokens.sign({ userId: userId as UserId, sessionId: "a-session" }),
          async shares(...of) {
            const now = await leases();
            return of.map((instance) => now.filter(({ url }) => url === instance.url).length);
          },
          ownerOf: async (partition) => (await leases()).find((lease) => lease.partition === partition)?.url,
        });
      } finally {
        over.abort();
        for (const child of children) {
          if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
        }
        await projector.stop();
        await log.close();
        await rm(folder, { recursive: true, force: true });
      }
    },
    { migrations: migrationSets },
  );
}

/** Of users 1 to `ACCOUNTS`, without passwords: their tokens are signed by specs. */
export async function makeAccounts(pool: Pool): Promise<void> {
  await pool.query(
    `INSERT INTO identity.users (email, name, password_hash, created_at)
     SELECT 'user ' || n, 'user ' || n, '', now() FROM generate_series(1, ${ACCOUNTS}) AS n`,
  );
}

async function startInstance(
  databaseUrl: string,
  folder: string,
): Promise<{ instance: Instance; child: ChildProcess }> {
  // Known before it starts, for the others' sake.
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [MAIN], {
    env: {
      ...compileCache,
      PORT: String(port),
      INSTANCE_URL: url,
      DATABASE_URL: databaseUrl,
      SECRET_KEY: SECRET,
      FILES_DIR: folder,
      ...noRateLimits,
      LOG_LEVEL: "warn",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, "close").then(() => ({ exitCode: child.exitCode, said }));
  return {
    child,
    instance: {
      url,
      ended,
      signal: (name) => void child.kill(name),
      async metric(name) {
        const page = await (await fetch(`${url}/metrics`)).text();
        const values = page.split("\n").filter((line) => new RegExp(`^${name}[ {]`).test(line));
        return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
      },
    },
  };
}
