import Type from "typebox";
import {
  DATA_DIR,
  DATABASE_URL,
  EXPECTED_PARTITIONS,
  KAFKA_BROKERS,
  LOG_LEVEL,
  logSettings,
} from "@chat/shared/settings";

/** As the embedded run has them, of which this is the end, and where the log goes. */
export const logCopySettings = Type.Object({
  DATA_DIR,
  DATABASE_URL: Type.Optional({
    ...DATABASE_URL,
    description: "The PostgreSQL that holds the log, when it is not the embedded one in DATA_DIR",
  }),
  ...logSettings,
  KAFKA_BROKERS,
  PARTITIONS: Type.Optional(EXPECTED_PARTITIONS),
  LOG_LEVEL: { ...LOG_LEVEL, default: "warn" as const },
});
