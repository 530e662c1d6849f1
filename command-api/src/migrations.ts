import type { MigrationSet } from "@chat/shared/postgres/migrate";
import { accounts } from "../migrations/0001-accounts.ts";
import { refreshTokens } from "../migrations/0002-refresh-tokens.ts";

/** Whoever shares the database runs these before the command-api starts; query-api reads the views in `directory`. */
export const identityMigrations: MigrationSet = { schema: "identity", migrations: [accounts, refreshTokens] };
