import Type from "typebox";
import { fileSettings } from "@chat/shared/files/file-settings";
import {
  ACCESS_TOKEN_EXPIRE_MINUTES,
  ALGORITHM,
  ALLOWED_ORIGINS,
  DATA_DIR,
  DATABASE_URL,
  INSTANCE_URL,
  LOG_LEVEL,
  logSettings,
  PARTITIONS,
  portOr,
  rateSettings,
  SECRET_KEY,
  uploadSettings,
  WS_FLOOD_BURST,
  WS_FLOOD_PER_SECOND,
} from "@chat/shared/settings";

/** All settings of the embedded run. None is needed: what is not set is made at the first start, in DATA_DIR. */
export const embeddedSettings = Type.Object({
  PORT: portOr(8_000),
  DATA_DIR,
  DATABASE_URL: Type.Optional({
    ...DATABASE_URL,
    description: "A PostgreSQL of one's own instead of the embedded one",
  }),
  ...fileSettings,
  FILES_DIR: Type.Optional(
    Type.String({ minLength: 1, description: "The folder of uploaded files; `files` in DATA_DIR when not set" }),
  ),
  ...uploadSettings,
  INSTANCE_URL: Type.Optional({
    ...INSTANCE_URL,
    description: "Where other processes on the same DATABASE_URL reach this one; by default 127.0.0.1 and PORT",
  }),
  SECRET_KEY: Type.Optional({
    ...SECRET_KEY,
    description: "Signs access tokens; made and kept in DATA_DIR when not set",
  }),
  ALGORITHM,
  ACCESS_TOKEN_EXPIRE_MINUTES,
  PARTITIONS,
  // Who believes that the log is there should hear of it.
  KAFKA_BROKERS: Type.Optional({
    ...logSettings.KAFKA_BROKERS,
    description: "For services that run alone. Here the log is in PostgreSQL, and a line at the start says so",
  }),
  // Who believes that a misspelt promise is kept should hear of it here too.
  LOG_DURABILITY: {
    ...logSettings.LOG_DURABILITY,
    description:
      "What Kafka must promise to services that run alone. Here the log is in PostgreSQL: it is checked only",
  },
  ALLOWED_ORIGINS: Type.Optional(ALLOWED_ORIGINS),
  WS_FLOOD_BURST,
  WS_FLOOD_PER_SECOND,
  ...rateSettings,
  // A person watches this run: a line for each request is for services that nobody watches.
  LOG_LEVEL: { ...LOG_LEVEL, default: "warn" as const },
});
