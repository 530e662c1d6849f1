import type { MigrationSet } from "@chat/shared/postgres/migrate";
import { deviceCursors } from "../migrations/0001-device-cursors.ts";
import { aRowForEachSocket } from "../migrations/0002-a-row-for-each-socket.ts";

/** Whoever shares the database runs these before realtime starts. */
export const realtimeMigrations: MigrationSet = { schema: "devices", migrations: [deviceCursors, aRowForEachSocket] };
