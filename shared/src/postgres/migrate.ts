import knex, { type Knex } from "knex";
import { CannotStart } from "../cannot-start.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createClient } from "./connect.ts";
import { reasonOf } from "./database-faults.ts";

/** One step of a schema, forward only. Its name is its file's: `0001-name`. */
export interface Migration {
  readonly name: string;
  up(db: Knex): Promise<void>;
}

/** The migrations of one service. */
export interface MigrationSet {
  /** The Postgres schema that holds the bookkeeping (`<schema>.migrations`); made when it is not there. */
  readonly schema: string;
  /** In the order of their numbers. The list is written out, not read from a folder, so that bundles carry it too. */
  readonly migrations: readonly Migration[];
}

/** Any number, the same in all versions of this program: whoever migrates holds this advisory lock. */
const MIGRATION_LOCK = 7_240_118;

const NAME = /^\d{4}-[a-z0-9-]+$/;

/**
 * Brings a database up to the sets given, in their order. Each set is one transaction, so a crash leaves it as it was,
 * and each waits for an advisory lock, so of several instances that start at once one migrates and the others find it done.
 * A migration that the database knows and this program does not is an error: the database is newer than the program.
 * Throws CannotStart when the database cannot be reached.
 */
export async function migrateAll(url: string, sets: readonly MigrationSet[], log: Logger): Promise<void> {
  for (const { migrations } of sets) checkNames(migrations);
  await reach(url, log);
  const db = knex({
    client: "pg",
    connection: { connectionString: url, application_name: "migrate", keepAlive: true },
    pool: { min: 0, max: 1 },
    log: { warn: (message) => log.warn(message), error: (message) => log.error(message) },
  });
  try {
    for (const set of sets) await migrate(db, set, log);
  } finally {
    await db.destroy();
  }
}

/** Throws CannotStart when there is no database at this URL, or it lets nobody in. */
export async function reach(url: string, log: Logger): Promise<void> {
  const client = createClient({ url, name: "migrate", log });
  try {
    await client.connect();
  } catch (error) {
    throw new CannotStart(`the database that DATABASE_URL names cannot be used: ${reasonOf(error)}`, { cause: error });
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function migrate(db: Knex, { schema, migrations }: MigrationSet, log: Logger): Promise<void> {
  await db.transaction(async (transaction) => {
    await transaction.raw("SELECT pg_advisory_xact_lock(?)", [MIGRATION_LOCK]);
    await transaction.raw("CREATE SCHEMA IF NOT EXISTS ??", [schema]);
    const [, done] = (await transaction.migrate.latest({
      schemaName: schema,
      tableName: "migrations",
      migrationSource: sourceOf(migrations),
    })) as [number, string[]];
    for (const name of done) log.info({ schema, migration: name }, "migrated");
  });
}

function sourceOf(migrations: readonly Migration[]): Knex.MigrationSource<Migration> {
  return {
    getMigrations: () => Promise.resolve([...migrations]),
    getMigrationName: ({ name }) => name,
    // knex insists on a `down`, which nothing here ever calls.
    getMigration: ({ up }) =>
      Promise.resolve({ up, down: () => Promise.reject(new Error("migrations go forward only")) }),
  };
}

function checkNames(migrations: readonly Migration[]): void {
  migrations.forEach(({ name }, index) => {
    if (!NAME.test(name)) throw new Error(`a migration is named like 0001-what-it-does, not ${name}`);
    if (Number(name.slice(0, 4)) !== index + 1)
      throw new Error(`migration ${name} stands at place ${index + 1} of its list`);
  });
}
