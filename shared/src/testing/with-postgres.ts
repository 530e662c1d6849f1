import { createHash, randomUUID } from "node:crypto";
import pg from "pg";
import { createPool } from "../postgres/connect.ts";
import { type MigrationSet, migrateAll } from "../postgres/migrate.ts";
import { createLogger } from "../telemetry/logger.ts";

/** Enough for a spec that plays several instances; the server takes 200 for all workers. */
const POOL_SIZE = 10;

const silent = createLogger({ service: "spec", level: "silent" });

export interface SpecDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
}

export interface WithPostgresOptions {
  /** Applied once per run to a template, which every database is copied from. */
  readonly migrations?: readonly MigrationSet[];
}

/** Runs `fn` with a database of its own on a real PostgreSQL; it is dropped afterwards, whatever happened. */
export async function withPostgres<T>(
  fn: (database: SpecDatabase) => T | Promise<T>,
  options: WithPostgresOptions = {},
): Promise<T> {
  const database = await createSpecDatabase(options);
  try {
    return await fn(database);
  } finally {
    await database.drop();
  }
}

/** The same for a whole suite: `beforeAll(async () => (database = await createSpecDatabase()))`, `afterAll(() => database.drop())`. */
export async function createSpecDatabase(
  options: WithPostgresOptions = {},
): Promise<SpecDatabase & { drop(): Promise<void> }> {
  const server = serverUrl();
  const name = `spec_${randomUUID().replaceAll("-", "")}`;
  await asSuperuser(server, async (client) => {
    const template = await templateOf(server, client, options.migrations ?? []);
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
  const url = databaseUrl(server, name);
  const pool = createPool({ url, name: "spec", max: POOL_SIZE, log: silent });
  return {
    url,
    pool,
    async drop() {
      await pool.end();
      await asSuperuser(server, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}

/** A database with these migrations done, made by the first who needs it: named by what the migrations say. */
async function templateOf(server: string, client: pg.Client, sets: readonly MigrationSet[]): Promise<string> {
  if (sets.length === 0) return "template1";
  const text = sets.map(({ schema, migrations }) => [
    schema,
    ...migrations.map(({ name, up }) => `${name} ${String(up)}`),
  ]);
  const template = `template_${createHash("sha1").update(JSON.stringify(text)).digest("hex")}`;
  await client.query("SELECT pg_advisory_lock(hashtext($1))", [template]);
  try {
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [template]);
    if (rowCount === 0) {
      const unfinished = `unfinished_${template}`;
      await client.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
      await client.query(`CREATE DATABASE ${unfinished}`);
      await migrateAll(databaseUrl(server, unfinished), sets, silent);
      await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`);
    }
  } finally {
    await client.query("SELECT pg_advisory_unlock(hashtext($1))", [template]);
  }
  return template;
}

async function asSuperuser<T>(url: string, fn: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}

function databaseUrl(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

function serverUrl(): string {
  const url = process.env["SPEC_POSTGRES_URL"];
  if (url === undefined) throw new Error("no PostgreSQL: specs that need one end in .int.spec.ts");
  return url;
}
