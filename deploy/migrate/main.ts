import { randomUUID } from "node:crypto";
import { allOrEveryReason } from "@chat/shared/cannot-start";
import { checkKafkaLog, createKafkaLog } from "@chat/shared/log/kafka/create-kafka-log";
import { kafkaConnection } from "@chat/shared/log/kafka/kafka-connection";
import { openKafkaLog } from "@chat/shared/log/kafka/kafka-log";
import { createPostgresLog, openPostgresLog } from "@chat/shared/log/postgres/postgres-log";
import { createPool } from "@chat/shared/postgres/connect";
import { migrateAll, reach } from "@chat/shared/postgres/migrate";
import { createSignalsTopic } from "@chat/shared/signals/kafka/signals-topic";
import { runService } from "@chat/shared/run-service";
import { keepAccountIds } from "./account-ids.ts";
import { migrateSettings, serviceUsers } from "./config.ts";
import { migrationSets } from "./migration-sets.ts";
import { giveServicesTheirRights } from "./service-users.ts";

/** One reads the log, one changes something. */
const maxConnections = 2;

await runService({
  name: "migrate",
  about:
    "brings a database up to this release, gives services their rights, makes the log where there is none, sees to it that no account's id is given twice, and ends",
  settings: migrateSettings,
  environment: process.env,
  create: (settings, { log }) => ({
    name: "migrate",
    async start() {
      const { DATABASE_URL: url, PARTITIONS: partitions } = settings;
      const kafka = kafkaConnection(settings);
      const checks = kafka === null ? [] : [checkKafkaLog({ ...kafka, partitions, clientId: "migrate", log })];
      await allOrEveryReason([reach(url, log), ...checks]);
      await migrateAll(url, migrationSets, log);
      await giveServicesTheirRights(url, serviceUsers(settings), log);
      const made = { logId: randomUUID(), partitions };
      await using done = new AsyncDisposableStack();
      const pool = createPool({ url, name: "migrate", max: maxConnections, log });
      done.defer(() => pool.end());
      if (kafka !== null) {
        await createKafkaLog({ ...kafka, ...made, clientId: "migrate", log });
        await createSignalsTopic({ ...kafka, topic: settings.KAFKA_SIGNALS_TOPIC, clientId: "migrate", log });
      } else {
        await createPostgresLog(pool, made.logId, made.partitions);
      }
      const opened = await (kafka === null
        ? openPostgresLog({ pool })
        : openKafkaLog({ ...kafka, partitions, clientId: "migrate", log }));
      done.defer(() => opened.close());
      await keepAccountIds({ log: opened, pool, logger: log });
      log.info("database and log are up to date");
    },
    stop: () => Promise.resolve(),
  }),
});
