import { randomUUID } from "node:crypto";
import type { Pool } from "pg";
import type { EventLog } from "@chat/shared/log/event-log";
import { createMemoryLog } from "@chat/shared/log/memory/memory-log";
import { createPostgresLog, openPostgresLog } from "@chat/shared/log/postgres/postgres-log";
import { withKafkaLog } from "@chat/shared/testing/with-kafka";

const PARTITIONS = 4;

export const logKinds = ["memory", "postgres", "kafka"] as const;
export type LogKind = (typeof logKinds)[number];

/** Runs `use` with a new log of this kind, opened once for each of two instances. Kafka's broker is the run's own. */
export async function withLogsOfTwo<T>(
  kind: LogKind,
  pool: Pool,
  use: (logs: readonly [EventLog, EventLog]) => Promise<T>,
): Promise<T> {
  switch (kind) {
    case "memory": {
      const log = createMemoryLog({ id: "a-log", partitions: PARTITIONS });
      return use([log, log]).finally(() => log.close());
    }
    case "postgres": {
      await createPostgresLog(pool, randomUUID(), PARTITIONS);
      const [one, other] = [await openPostgresLog({ pool }), await openPostgresLog({ pool })];
      return use([one, other]).finally(() => Promise.all([one.close(), other.close()]));
    }
    case "kafka":
      return withKafkaLog(async (topic) => use([await topic.open(), await topic.open()]), { partitions: PARTITIONS });
    default:
      return kind satisfies never;
  }
}
