import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { noRateLimits } from "@chat/shared/testing/no-rate-limits";
import { freePort } from "@chat/shared/testing/free-port";
import { startKafkaContainer } from "@chat/shared/testing/kafka-container";
import { startPostgresContainer } from "@chat/shared/testing/postgres-container";
import type { Addresses } from "../workload/world.ts";
import { run, supervise, type Supervised } from "./supervised.ts";

/** Something that can be taken away for a while. */
export interface Victim {
  readonly name: string;
  kill(): Promise<void>;
  startAgain(): Promise<void>;
  pause(): Promise<void> | void;
  goOn(): Promise<void> | void;
}

export interface Stack {
  readonly addresses: Addresses;
  readonly queryApis: readonly string[];
  /** By kind: the broker, the database, and the instances of each service. */
  readonly victims: ReadonlyMap<string, readonly Victim[]>;
  /** Makes the read models anew and compares. */
  rebuild(): Promise<{ readonly equal: boolean; readonly said: string }>;
  stop(): Promise<void>;
}

interface Options {
  /** For the logs of all programs. */
  readonly folder: string;
  readonly say: (line: string) => void;
  readonly gaveUp: (line: string) => void;
}

const INSTANCES = 2;
/** Longer than any run: renewing tokens is another story. */
const TOKEN_MINUTES = String(24 * 60);

/** The chat as it runs in production: a broker and a database in containers, each service in processes of its own. */
export async function startStack({ folder, say, gaveUp }: Options): Promise<Stack> {
  await using starting = new AsyncDisposableStack();
  say("starting the broker and the database");
  const [kafka, postgres] = await Promise.all([
    freePort().then((hostPort) => startKafkaContainer({ hostPort })),
    startPostgresContainer(),
  ]);
  starting.defer(() => kafka.stop());
  starting.defer(() => postgres.stop());
  const backend = {
    DATABASE_URL: postgres.url,
    KAFKA_BROKERS: kafka.broker,
    LOG_DURABILITY: "single",
    LOG_LEVEL: "info",
  };
  const migrated = await run("deploy/migrate/main.ts", [], backend);
  if (migrated.code !== 0) throw new Error(`the log could not be made:\n${migrated.said}`);

  say("starting the services");
  const environment = {
    ...backend,
    SECRET_KEY: randomBytes(32).toString("hex"),
    FILES_DIR: join(folder, "files"),
    ACCESS_TOKEN_EXPIRE_MINUTES: TOKEN_MINUTES,
    ...noRateLimits,
  };
  const start = async (service: string, own: Readonly<Record<string, string>> = {}) => {
    const instances: Supervised[] = [];
    for (let index = 1; index <= INSTANCES; index += 1) {
      const port = await freePort();
      const instance = supervise({
        name: `${service}-${index}`,
        program: `${service}/src/main.ts`,
        port,
        environment: { ...environment, INSTANCE_URL: `http://127.0.0.1:${port}`, ...own },
        folder,
        gaveUp,
      });
      starting.defer(() => instance.stop());
      instances.push(instance);
    }
    return instances;
  };
  const commandApis = await start("command-api");
  const queryApis = await start("query-api");
  const realtimes = await start("realtime", { COMMAND_API_URL: commandApis[0]?.url ?? "" });
  const projectors = await start("projector");
  await Promise.all([...commandApis, ...queryApis, ...realtimes, ...projectors].map((instance) => instance.ready()));
  const running = starting.move();
  return {
    addresses: {
      commands: inTurn(commandApis),
      queries: inTurn(queryApis),
      sockets: inTurn(realtimes.map(({ url }) => ({ url: url.replace("http", "ws") }))),
    },
    queryApis: queryApis.map(({ url }) => url),
    victims: new Map<string, readonly Victim[]>([
      ["command-api", commandApis],
      ["query-api", queryApis],
      ["realtime", realtimes],
      ["projector", projectors],
      ["broker", [{ name: "broker", ...kafka }]],
      ["database", [{ name: "database", ...postgres }]],
    ]),
    async rebuild() {
      const { code, said } = await run("projector/src/main.ts", ["rebuild"], backend);
      return { equal: code === 0, said };
    },
    stop: () => running.disposeAsync(),
  };
}

/** The next one at each call: what one does not answer another may. */
function inTurn(instances: readonly { readonly url: string }[]): () => string {
  let turn = 0;
  return () => {
    turn += 1;
    return instances[turn % instances.length]?.url ?? "";
  };
}
