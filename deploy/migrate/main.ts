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
import { defaultPartitions } from "@chat/shared/settings";
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
      const { DATABASE_URL: url, PARTITIONS: wanted } = settings;
      const kafka = kafkaConnection(settings);
      const common = { clientId: "migrate", log };
      const check = kafka === null ? Promise.resolve(null) : checkKafkaLog({ ...kafka, ...common, partitions: wanted });
      await allOrEveryReason([reach(url, log), check]);
      // A log that is there keeps the partitions that it has, whether or not somebody says how many they are.
      const partitions = wanted ?? (await check) ?? defaultPartitions;
      await migrateAll(url, migrationSets, log);
      await giveServicesTheirRights(url, serviceUsers(settings), log);
      await using done = new AsyncDisposableStack();
      const pool = createPool({ url, name: "migrate", max: maxConnections, log });
      done.defer(() => pool.end());
      if (kafka !== null) {
        await createKafkaLog({ ...kafka, ...common, logId: randomUUID(), partitions });
        await createSignalsTopic({ ...kafka, topic: settings.KAFKA_SIGNALS_TOPIC, ...common });
      } else {
        await createPostgresLog(pool, randomUUID(), wanted);
      }
      const opened = await (kafka === null
        ? openPostgresLog({ pool })
        : openKafkaLog({ ...kafka, ...common, partitions }));
      done.defer(() => opened.close());
      await keepAccountIds({ log: opened, pool, logger: log });
      log.info("database and log are up to date");
    },
    stop: () => Promise.resolve(),
  }),
});
