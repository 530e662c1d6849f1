import Type from "typebox";
import { DATA_DIR, LOG_LEVEL } from "@chat/shared/settings";

export const postgresSettings = Type.Object({ DATA_DIR, LOG_LEVEL: { ...LOG_LEVEL, default: "warn" as const } });
