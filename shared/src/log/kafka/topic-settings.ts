import type { Admin } from "kafkajs";
import { CannotStart } from "../../cannot-start.ts";
import type { Logger } from "../../telemetry/logger.ts";

/**
 * `replicated`: an acknowledged record is on two brokers at least, and no broker that missed it can become leader.
 * `single`: it survives `kill -9` of the broker, not the loss of its disk.
 */
export const durabilities = ["replicated", "single"] as const;
export type Durability = (typeof durabilities)[number];

/** As the protocol numbers it. kafkajs exports it in a way that only its own module system sees. */
const topicResource = 2;

/** An owner's batch holds 512 KiB of events at most, or one command's, in whatever they are wrapped in. */
const maxBatchBytes = 4 * 1024 * 1024;
/** Less than this would refuse batches that an owner may make. */
const minBatchBytes = 1024 * 1024;

/** Nothing is ever deleted, and nothing that was acknowledged is given up for availability. */
export function settingsFor(durability: Durability): { name: string; value: string }[] {
  return [
    { name: "cleanup.policy", value: "delete" },
    { name: "retention.ms", value: "-1" },
    { name: "retention.bytes", value: "-1" },
    { name: "unclean.leader.election.enable", value: "false" },
    { name: "min.insync.replicas", value: durability === "replicated" ? "2" : "1" },
    { name: "max.message.bytes", value: String(maxBatchBytes) },
  ];
}

/** Three replicas where there are three brokers; two keep the promise too, but do not survive a loss without a pause. */
export async function replicationFactorFor(admin: Admin, durability: Durability): Promise<number> {
  if (durability === "single") return 1;
  const { brokers } = await admin.describeCluster();
  if (brokers.length < 2) {
    throw new CannotStart(
      "LOG_DURABILITY is replicated, but there is only one broker; set it to single, or add brokers",
    );
  }
  return Math.min(3, brokers.length);
}

/**
 * Refuses a topic that forgets, or that promises less than `durability` says, with what else was found to be wrong with
 * it. Logs one warning for `single`.
 */
export async function checkTopicSettings(
  admin: Admin,
  topic: string,
  durability: Durability,
  log: Logger,
  found: readonly string[] = [],
): Promise<void> {
  const settings = await effectiveSettings(admin, topic);
  const is = (name: string): string => settings.get(name) ?? "unknown";
  const faults = [...found];
  const fault = (what: string): void => void faults.push(`KAFKA_TOPIC: the topic ${topic} ${what}`);

  if (is("cleanup.policy") !== "delete") fault(`has cleanup.policy=${is("cleanup.policy")}; expected delete`);
  for (const name of ["retention.ms", "retention.bytes"]) {
    if (is(name) !== "-1") fault(`forgets: ${name}=${is(name)}; expected -1, for the log is kept for ever`);
  }
  if (!(Number(is("max.message.bytes")) >= minBatchBytes)) {
    fault(`has max.message.bytes=${is("max.message.bytes")}; expected at least ${minBatchBytes}`);
  }
  if (durability === "replicated") {
    const replicas = await fewestReplicas(admin, topic);
    const promise = "LOG_DURABILITY is replicated, but the topic";
    if (replicas < 2) faults.push(`${promise} ${topic} has ${replicas} replica; expected at least 2`);
    if (!(Number(is("min.insync.replicas")) >= 2)) {
      faults.push(`${promise} ${topic} has min.insync.replicas=${is("min.insync.replicas")}; expected at least 2`);
    }
    if (is("unclean.leader.election.enable") !== "false") {
      faults.push(`${promise} ${topic} allows unclean leader election; expected unclean.leader.election.enable=false`);
    }
  }
  if (faults.length > 0) throw new CannotStart(faults);
  if (durability === "single") {
    log.warn({ topic }, "LOG_DURABILITY=single: the log survives kill -9, not the loss of the broker's disk");
  }
}

export async function effectiveSettings(admin: Admin, topic: string): Promise<ReadonlyMap<string, string>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: topicResource, name: topic }],
  });
  const entries = resources[0]?.configEntries ?? [];
  return new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
}

async function fewestReplicas(admin: Admin, topic: string): Promise<number> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  return Math.min(...(topics[0]?.partitions ?? []).map(({ replicas }) => replicas.length));
}

/** The count of partitions that is expected, where one is, against what the topic has. */
export function partitionFaults(topic: string, expected: number | undefined, found: number): readonly string[] {
  if (expected === undefined || expected === found) return [];
  return [`PARTITIONS is ${expected}, but the topic ${topic} has ${found}: the count is decided when the log is made`];
}
