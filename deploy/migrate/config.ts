import Type from "typebox";
import { DATABASE_URL, LOG_LEVEL, logSettings, PARTITIONS } from "@chat/shared/settings";

export const migrateSettings = Type.Object({ DATABASE_URL, ...logSettings, PARTITIONS, LOG_LEVEL });
