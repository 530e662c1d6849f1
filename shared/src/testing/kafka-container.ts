import {
  GenericContainer,
  getContainerRuntimeClient,
  Network,
  type StartedNetwork,
  type StartedTestContainer,
  Wait,
} from "testcontainers";
import { containerImages } from "./container-images.ts";
import { freePort } from "./free-port.ts";

/** Wide: a broker is ready in 3 s, beside other specs in ten. */
const READY_WITHIN_MS = 90_000;
const CLIENT_PORT = 9092;
/** Advertised at an address of the spec's choice, where it puts something in between. */
const DETOUR_PORT = 9095;
const START_SCRIPT = "/tmp/start-broker.sh";

export interface KafkaContainer {
  /** `host:port` */
  readonly broker: string;
  /** Where the broker really listens for those who come by `detour`. */
  readonly detourTarget: { readonly host: string; readonly port: number };
  /** SIGKILL; what was written stays. */
  kill(): Promise<void>;
  /** After `kill`: the same broker with the same data, at the same port if it was given one. */
  startAgain(): Promise<void>;
  /** As SIGSTOP to every process of it, until `goOn`. */
  pause(): Promise<void>;
  goOn(): Promise<void>;
  stop(): Promise<void>;
}

interface Options {
  /** A free port of this machine that clients come by instead; whoever listens there passes on to `detourTarget`. */
  readonly detourPort?: number;
  /** The same port after a restart, which a port that Docker chooses is not. */
  readonly hostPort?: number;
  /** One of several brokers, which find each other by name in a network of their own. */
  readonly member?: { readonly id: number; readonly of: number; readonly network: StartedNetwork };
}

/** All that a node needs that is broker and controller in one: with any variable set the image ignores its own defaults. */
const SETTINGS = {
  CLUSTER_ID: "4L6g3nShT-eMCtK--X86sw",
  KAFKA_PROCESS_ROLES: "broker,controller",
  KAFKA_LISTENERS: `CLIENT://:${CLIENT_PORT},BROKER://:9093,CONTROLLER://:9094,DETOUR://:${DETOUR_PORT}`,
  KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: "CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,DETOUR:PLAINTEXT",
  KAFKA_INTER_BROKER_LISTENER_NAME: "BROKER",
  KAFKA_CONTROLLER_LISTENER_NAMES: "CONTROLLER",
  KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: "4",
  KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: "0",
  KAFKA_AUTO_CREATE_TOPICS_ENABLE: "false",
  KAFKA_HEAP_OPTS: "-Xms256m -Xmx512m",
  // Leaders move as soon as a spec has named other preferred ones.
  KAFKA_LEADER_IMBALANCE_CHECK_INTERVAL_SECONDS: "1",
  KAFKA_LEADER_IMBALANCE_PER_BROKER_PERCENTAGE: "0",
} as const;

/** What depends on how many nodes there are; Kafka's own topics have as many replicas. */
function settingsOf(id: number, of: number): Record<string, string> {
  const ids = Array.from({ length: of }, (_, index) => index + 1);
  const inSync = of === 1 ? "1" : "2";
  return {
    KAFKA_NODE_ID: String(id),
    KAFKA_CONTROLLER_QUORUM_VOTERS: ids
      .map((voter) => `${voter}@${of === 1 ? "localhost" : aliasOf(voter)}:9094`)
      .join(),
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: String(of),
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: String(of),
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: inSync,
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR: String(of),
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR: inSync,
  };
}

const aliasOf = (id: number): string => `kafka-${id}`;

/**
 * A broker of its own. It must advertise the port of this machine, which is known only once the container runs: so the
 * container waits for a script, and the script that names the port starts the image's own entry.
 */
export async function startKafkaContainer({ detourPort = 1, hostPort, member }: Options = {}): Promise<KafkaContainer> {
  const { id, of } = member ?? { id: 1, of: 1 };
  const clientPort = hostPort === undefined ? CLIENT_PORT : { container: CLIENT_PORT, host: hostPort };
  const waitForScript = `echo waiting; while [ ! -f ${START_SCRIPT} ]; do sleep 0.05; done; exec sh ${START_SCRIPT}`;
  const image = new GenericContainer(containerImages.kafka)
    .withExposedPorts(clientPort, DETOUR_PORT)
    .withEntrypoint(["sh", "-c", waitForScript])
    .withEnvironment({ ...SETTINGS, ...settingsOf(id, of) })
    .withWaitStrategy(Wait.forLogMessage(/waiting/))
    .withStartupTimeout(READY_WITHIN_MS);
  if (member !== undefined) image.withNetwork(member.network).withNetworkAliases(aliasOf(id));
  const container = await image.start();
  const host = container.getHost();
  const broker = `${host}:${container.getMappedPort(CLIENT_PORT)}`;
  const advertised = `CLIENT://${broker},BROKER://${of === 1 ? "localhost" : aliasOf(id)}:9093,DETOUR://127.0.0.1:${detourPort}`;
  await container.copyContentToContainer([
    { content: `export KAFKA_ADVERTISED_LISTENERS=${advertised}\nexec /etc/kafka/docker/run\n`, target: START_SCRIPT },
  ]);
  await untilStarted(container);
  return {
    broker,
    detourTarget: { host, port: container.getMappedPort(DETOUR_PORT) },
    async kill() {
      await (await engineContainer(container)).kill();
    },
    async startAgain() {
      const since = Math.floor(Date.now() / 1_000);
      await (await engineContainer(container)).start();
      await untilStarted(container, since);
    },
    async pause() {
      await (await engineContainer(container)).pause();
    },
    async goOn() {
      await (await engineContainer(container)).unpause();
    },
    stop: async () => {
      await container.stop({ timeout: 0 });
    },
  };
}

export interface KafkaCluster {
  readonly brokers: readonly KafkaContainer[];
  stop(): Promise<void>;
}

/** Three nodes, brokers and controllers in one, that survive the loss of one. */
export async function startKafkaCluster(): Promise<KafkaCluster> {
  const network = await new Network().start();
  const brokers = await Promise.all(
    [1, 2, 3].map(async (id) => startKafkaContainer({ hostPort: await freePort(), member: { id, of: 3, network } })),
  );
  return {
    brokers,
    async stop() {
      await Promise.all(brokers.map((broker) => broker.stop()));
      await network.stop();
    },
  };
}

/** What testcontainers does not offer. */
async function engineContainer(container: StartedTestContainer) {
  const { container: containers } = await getContainerRuntimeClient();
  return containers.getById(container.getId());
}

async function untilStarted(container: StartedTestContainer, since = 0): Promise<void> {
  const logs = await container.logs({ since });
  let said = "";
  try {
    await new Promise<void>((resolve, reject) => {
      // The stream alone would not keep node running.
      const late = setTimeout(() => reject(new Error(`Kafka did not start:\n${said}`)), READY_WITHIN_MS);
      const settle = (done: () => void) => () => {
        clearTimeout(late);
        done();
      };
      logs.on("data", (chunk: Buffer | string) => {
        said += chunk.toString();
        if (said.includes("Kafka Server started")) settle(resolve)();
      });
      logs.on(
        "end",
        settle(() => reject(new Error(`Kafka ended:\n${said}`))),
      );
    });
  } finally {
    logs.destroy();
  }
}
