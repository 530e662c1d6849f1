import { randomBytes } from "node:crypto";
import { GenericContainer, getContainerRuntimeClient, Wait } from "testcontainers";
import { containerImages } from "./container-images.ts";
import { freePort } from "./free-port.ts";

const SERVER_PORT = 5432;
/** Wide: a cluster is made first, on a machine that does other things too. */
const READY_WITHIN_MS = 90_000;

/** A server that can be killed and paused, and is at the same address afterwards. */
export interface PostgresContainer {
  readonly url: string;
  /** SIGKILL; what was committed stays. */
  kill(): Promise<void>;
  /** After `kill`. Resolves when it has been started, which is before it takes connections. */
  startAgain(): Promise<void>;
  /** As SIGSTOP to every process of it, until `goOn`. */
  pause(): Promise<void>;
  goOn(): Promise<void>;
  stop(): Promise<void>;
}

export async function startPostgresContainer(): Promise<PostgresContainer> {
  const password = randomBytes(12).toString("hex");
  const host = await freePort();
  const container = await new GenericContainer(containerImages.postgres)
    .withExposedPorts({ container: SERVER_PORT, host })
    .withEnvironment({ POSTGRES_USER: "chat", POSTGRES_PASSWORD: password, POSTGRES_DB: "chat" })
    // Once for the server that makes the cluster, and once for the one that stays.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .withStartupTimeout(READY_WITHIN_MS)
    .start();
  const engine = async () => (await getContainerRuntimeClient()).container.getById(container.getId());
  return {
    url: `postgresql://chat:${password}@${container.getHost()}:${host}/chat`,
    async kill() {
      await (await engine()).kill();
    },
    async startAgain() {
      await (await engine()).start();
    },
    async pause() {
      await (await engine()).pause();
    },
    async goOn() {
      await (await engine()).unpause();
    },
    async stop() {
      await container.stop({ timeout: 0 });
    },
  };
}
