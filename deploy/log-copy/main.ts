import { CannotStart } from "@chat/shared/cannot-start";
import { kafkaConnection } from "@chat/shared/log/kafka/kafka-connection";
import { createPool } from "@chat/shared/postgres/connect";
import { runService } from "@chat/shared/run-service";
import type { Logger } from "@chat/shared/telemetry/logger";
import { OUR_MARK } from "../embedded/orphan.ts";
import { openDatabaseAlone } from "../embedded/database-alone.ts";
import { checkOrder } from "./check-order.ts";
import { logCopySettings } from "./config.ts";
import { moveToKafka } from "./move-to-kafka.ts";

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort());

await runService({
  name: "log copy",
  about: "moves the log from PostgreSQL to an empty Kafka topic, every offset kept: --from postgres --to kafka",
  settings: logCopySettings,
  checkArguments: () => checkOrder(process.argv.slice(2)),
  environment: process.env,
  create: (settings, { log, fail }) => ({
    name: "log copy",
    async start() {
      const kafka = kafkaConnection(settings);
      if (kafka === null) throw new CannotStart("KAFKA_BROKERS names no broker; expected host:port");
      const say = (line: string): void => void process.stdout.write(`log copy: ${line}\n`);
      const move = (databaseUrl: string): Promise<void> =>
        moveToKafka({ databaseUrl, kafka, partitions: settings.PARTITIONS, log, say, signal: interrupted.signal });
      if (settings.DATABASE_URL === undefined) {
        const postgres = await openDatabaseAlone({ dataDir: settings.DATA_DIR, log, fail });
        try {
          await postgres.start();
          await move(postgres.url());
        } finally {
          await postgres.stop();
        }
      } else {
        await refuseEmbedded(settings.DATABASE_URL, log);
        await move(settings.DATABASE_URL);
      }
      say(`done: set KAFKA_BROKERS and KAFKA_TOPIC=${settings.KAFKA_TOPIC}, keep DATABASE_URL and SECRET_KEY`);
    },
    // What was interrupted did not end well: the exit code is to say so.
    stop: () =>
      interrupted.signal.aborted
        ? Promise.reject(new CannotStart("it was interrupted; run the same command again, and it goes on where it was"))
        : Promise.resolve(),
  }),
});

/** The server of a chat that runs ends with it, and it ends when its log is sealed. */
async function refuseEmbedded(url: string, log: Logger): Promise<void> {
  const pool = createPool({ url, name: "log copy", max: 1, log });
  const { rows } = await pool
    .query<{ cluster_name: string }>("SHOW cluster_name")
    .catch(() => ({ rows: [] }))
    .finally(() => pool.end());
  if (`cluster_name=${rows[0]?.cluster_name ?? ""}` !== OUR_MARK) return;
  throw new CannotStart(
    "DATABASE_URL: this is the embedded PostgreSQL of a chat that runs; stop it, leave DATABASE_URL out and set DATA_DIR",
  );
}
