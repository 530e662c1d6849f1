import type { MigrationSet } from "@chat/shared/postgres/migrate";
import { accounts } from "../migrations/0001-accounts.ts";
import { refreshTokens } from "../migrations/0002-refresh-tokens.ts";
import { storedFiles } from "../migrations/files/0001-stored-files.ts";
import { filesOfAUser } from "../migrations/files/0002-files-of-a-user.ts";

/** Whoever shares the database runs these before the command-api starts; query-api reads the views in `directory`. */
export const identityMigrations: MigrationSet = { schema: "identity", migrations: [accounts, refreshTokens] };

/** Which files are in the store. */
export const fileMigrations: MigrationSet = { schema: "files", migrations: [storedFiles, filesOfAUser] };
