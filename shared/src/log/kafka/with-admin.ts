import type { Admin, Kafka } from "kafkajs";
import { CannotStart } from "../../cannot-start.ts";
import { within } from "./within.ts";

/** Long enough for a cluster that has just been started by the same command. */
const connectWithinMs = 10_000;
/** Wider than any single wait inside. */
const answerWithinMs = 30_000;
const disconnectWithinMs = 1_000;

/** For questions at the start: a broker that does not answer is a reason not to start, and says which variable names it. */
export async function withAdmin<T>(
  kafka: Kafka,
  brokers: readonly string[],
  ask: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = kafka.admin();
  try {
    await within(connectWithinMs, "connecting to Kafka", admin.connect());
    return await within(answerWithinMs, "asking Kafka", ask(admin));
  } catch (error) {
    throw error instanceof CannotStart ? error : noAnswer(brokers, error);
  } finally {
    await within(disconnectWithinMs, "disconnecting", admin.disconnect()).catch(() => undefined);
  }
}

/** The number of partitions, or null when there is no such topic. */
export async function countPartitions(admin: Admin, topic: string): Promise<number | null> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions.length ?? null;
  } catch (error) {
    if (isUnknownTopic(error)) return null;
    throw error;
  }
}

export function isUnknownTopic(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("type" in error && error.type === "UNKNOWN_TOPIC_OR_PARTITION") return true;
  return isUnknownTopic(error.cause);
}

export function noAnswer(brokers: readonly string[], cause: unknown): CannotStart {
  return new CannotStart(`KAFKA_BROKERS: no usable answer from ${brokers.join(",")}: ${reasonOf(cause)}`, { cause });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}
