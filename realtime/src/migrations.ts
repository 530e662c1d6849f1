import type { MigrationSet } from "@chat/shared/postgres/migrate";
import { deviceCursors } from "../migrations/0001-device-cursors.ts";

/** Whoever shares the database runs these before realtime starts. */
export const realtimeMigrations: MigrationSet = { schema: "devices", migrations: [deviceCursors] };
