import type { EventLog } from "@chat/shared/log/event-log";
import { createMemoryLog } from "@chat/shared/log/memory/memory-log";
import { createPostgresLog, openPostgresLog } from "@chat/shared/log/postgres/postgres-log";
import { createNotifyWakeup } from "@chat/shared/postgres/notify-wakeup";
import { createLogger } from "@chat/shared/telemetry/logger";
import { withKafkaLog } from "@chat/shared/testing/with-kafka";
import type { SpecDatabase } from "@chat/shared/testing/with-postgres";

const PARTITIONS = 4;
const silent = createLogger({ service: "spec", level: "silent" });

export const LOG_ID = "a-log";
export const logKinds = ["memory", "postgres", "kafka"] as const;
export type LogKind = (typeof logKinds)[number];

/** Opens it once more, as one more process would; who opens it may close it. */
export type OpenLog = () => Promise<EventLog>;

/**
 * Runs `use` with a new log of this kind, of 4 partitions; what is still open is closed at the end. Postgres: in the database
 * given, which has the migrations. Kafka: in a topic of its own on the run's broker. Memory is one for all who open it.
 */
export async function withLog<T>(
  kind: LogKind,
  { pool, url }: SpecDatabase,
  use: (open: OpenLog) => Promise<T>,
): Promise<T> {
  switch (kind) {
    case "memory": {
      const log = createMemoryLog({ id: LOG_ID, partitions: PARTITIONS });
      const opened: EventLog = { ...log, close: () => Promise.resolve() };
      return use(() => Promise.resolve(opened)).finally(() => log.close());
    }
    case "postgres": {
      await using opened = new AsyncDisposableStack();
      await createPostgresLog(pool, LOG_ID, PARTITIONS);
      return await use(async () => {
        const others = createNotifyWakeup({ url, channel: "chat_log", log: silent });
        await others.start();
        opened.defer(() => others.stop());
        const log = await openPostgresLog({ pool, others });
        const close = () => log.close().finally(() => others.stop());
        opened.defer(close);
        return { ...log, close };
      });
    }
    case "kafka":
      return withKafkaLog((topic) => use(() => topic.open()), { partitions: PARTITIONS, logId: LOG_ID });
    default:
      return kind satisfies never;
  }
}
