import Type from "typebox";
import { CHAT_URL, DATA_DIR, DATABASE_URL, LOG_LEVEL, PARTITIONS } from "@chat/shared/settings";

const quiet = { ...LOG_LEVEL, default: "warn" as const };

/** The small set goes through the doors that clients use. */
export const demoSettings = Type.Object({ CHAT_URL, LOG_LEVEL: quiet });

/** The big one goes into the log itself, with nobody else at work. */
export const bigDemoSettings = Type.Object({
  DATA_DIR,
  DATABASE_URL: Type.Optional({
    ...DATABASE_URL,
    description: "The PostgreSQL that holds the log, when it is not the embedded one in DATA_DIR",
  }),
  PARTITIONS,
  LOG_LEVEL: quiet,
});
