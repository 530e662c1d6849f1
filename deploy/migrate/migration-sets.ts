import { fileMigrations, identityMigrations } from "@chat/command-api/migrations";
import { projectorMigrations } from "@chat/projector/migrations";
import { realtimeMigrations } from "@chat/realtime/migrations";
import { logMigrations } from "@chat/shared/log/postgres/migrations";
import { directoryMigrations } from "@chat/shared/partitions/migrations";
import type { MigrationSet } from "@chat/shared/postgres/migrate";

/** Everything that the services expect of a database, in an order that works. */
export const migrationSets: readonly MigrationSet[] = [
  logMigrations,
  directoryMigrations,
  projectorMigrations,
  identityMigrations,
  fileMigrations,
  realtimeMigrations,
];
