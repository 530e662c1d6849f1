import { allOrEveryReason, CannotStart } from "@chat/shared/cannot-start";
import { newElectionId } from "@chat/shared/ids";
import { copyLog } from "@chat/shared/log/copy-log";
import { findBrokers } from "@chat/shared/log/kafka/find-brokers";
import type { KafkaLogAddress } from "@chat/shared/log/kafka/kafka-connection";
import { type KafkaCopyTarget, openCopyTarget } from "@chat/shared/log/kafka/open-copy-target";
import { explainMove } from "@chat/shared/log/postgres/moved-log";
import {
  findPostgresLog,
  type FoundLog,
  markMoved,
  readSealed,
  sealPostgresLog,
} from "@chat/shared/log/postgres/sealed-log";
import { createPool } from "@chat/shared/postgres/connect";
import { migrateAll } from "@chat/shared/postgres/migrate";
import type { Logger } from "@chat/shared/telemetry/logger";
import { migrationSets } from "../migrate/migration-sets.ts";
import { createProgress } from "./progress.ts";

/** One for each partition that is read, and one for the rest. */
const maxConnections = 9;
/** Names every copier in its Elections: one that was cut is known by it. */
const writer = "log copy";

interface Options {
  readonly databaseUrl: string;
  readonly kafka: KafkaLogAddress;
  /** How many the log is expected to have, where somebody said so. */
  readonly partitions?: number | undefined;
  readonly log: Logger;
  /** A line for whoever watches. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Moves the log of a database to Kafka: seals it, copies what it holds, and marks it as moved. What can be refused is
 * refused before the seal. Cut anywhere and called again it goes on; called after the end it only says so.
 */
export async function moveToKafka(options: Options): Promise<void> {
  const { databaseUrl, kafka, partitions, log, say } = options;
  await migrateAll(databaseUrl, migrationSets, log);
  const pool = createPool({ url: databaseUrl, name: "log copy", max: maxConnections, log });
  try {
    const found = await findPostgresLog(pool);
    if (found === null) throw new CannotStart("DATABASE_URL: this database holds no log, there is nothing to copy");
    const isOver = found.move?.state === "moved";
    await allOrEveryReason([
      refuseOtherPartitions(found, partitions),
      refuseOtherTopic(found, kafka.topic),
      // What was brought to its end needs no broker any more to say so.
      ...(isOver ? [] : [findBrokers({ ...kafka, clientId: "log-copy", log })]),
    ]);
    if (found.move !== null && isOver) {
      say(`nothing to do: ${explainMove(found.move)}`);
      return;
    }
    const target = await openCopyTarget({ ...kafka, partitions: found.partitions, clientId: "log-copy", log });
    try {
      await refuseWrongTarget(found, target, kafka.topic);
      await sealAndCopy(options, pool, target);
    } finally {
      await target.close();
    }
  } finally {
    await pool.end();
  }
}

async function sealAndCopy(
  { kafka: { topic }, say, signal }: Options,
  pool: ReturnType<typeof createPool>,
  target: KafkaCopyTarget,
): Promise<void> {
  const election = (logId: string) => ({ kind: "election" as const, logId, writer, id: newElectionId() });
  const sealed = await sealPostgresLog(pool, target.where, election);
  say(`sealed log ${sealed.id}: nobody writes to it in PostgreSQL any more`);
  const progress = createProgress({ total: sealed.ends.reduce((sum, end) => sum + end, 0), say });
  await copyLog({
    source: { ...sealed, read: (partition) => readSealed(pool, partition) },
    target,
    targetName: `KAFKA_TOPIC: the topic ${topic}`,
    election,
    copied: progress.add,
    signal,
  });
  await markMoved(pool, target.where);
  progress.end();
}

async function refuseOtherPartitions(found: FoundLog, expected: number | undefined): Promise<void> {
  if (expected === undefined || expected === found.partitions) return;
  throw new CannotStart(`PARTITIONS is ${expected}, but the log has ${found.partitions}, and keeps them`);
}

/** One log id has one log: it goes where it was sent first and nowhere else. */
async function refuseOtherTopic({ move }: FoundLog, topic: string): Promise<void> {
  if (move === null || move.where.endsWith(`/${topic}`)) return;
  throw new CannotStart(`KAFKA_TOPIC is ${topic}, and that is not where the log went: ${explainMove(move)}`);
}

/** Before the seal nothing of ours can be in the topic. */
async function refuseWrongTarget({ move }: FoundLog, target: KafkaCopyTarget, topic: string): Promise<void> {
  if (move !== null) {
    if (move.where === target.where) return;
    throw new CannotStart(`KAFKA_BROKERS: another cluster than the one where the log goes: ${explainMove(move)}`);
  }
  const full = (await target.ends()).flatMap((end, partition) => (end === 0 ? [] : [partition]));
  if (full.length === 0) return;
  throw new CannotStart(
    `KAFKA_TOPIC: the topic ${topic} holds something already, in partitions ${full.join(", ")}; name one that is empty or not there`,
  );
}
