import type { MigrationSet } from "@chat/shared/postgres/migrate";
import { filesOfMessages } from "../migrations/0002-files-of-messages.ts";
import { readModels } from "../migrations/0001-read-models.ts";

/** Whoever shares the database runs these before the projector starts. */
export const projectorMigrations: MigrationSet = { schema: "read", migrations: [readModels, filesOfMessages] };
