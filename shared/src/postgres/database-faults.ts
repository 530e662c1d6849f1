import type { Pool } from "pg";

/** One of the tables that each step of the migrations makes: where all are, all steps have been there. */
const tables = ["directory.leases", "read.live", "identity.users", "devices.sockets"] as const;

/**
 * What keeps a service from working with this database, a line for each: it cannot be reached, or was not migrated.
 * Needs no rights on the tables.
 */
export async function databaseFaults(pool: Pick<Pool, "query">): Promise<readonly string[]> {
  try {
    const { rows } = await pool.query<{ name: string }>(
      `SELECT wanted.name FROM unnest($1::text[]) AS wanted(name)
       WHERE NOT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE n.nspname || '.' || c.relname = wanted.name)`,
      [tables],
    );
    if (rows.length === 0) return [];
    const missing = rows.map(({ name }) => name).join(", ");
    return [`the database that DATABASE_URL names was not migrated, it has no ${missing}; run: npm run migrate`];
  } catch (error) {
    return [`the database that DATABASE_URL names cannot be used: ${reasonOf(error)}`];
  }
}

/** Of a host with several addresses each has a reason of its own, and the error around them has none. */
export function reasonOf(error: unknown): string {
  if (!Error.isError(error)) return String(error);
  const all = "errors" in error && Array.isArray(error.errors) ? error.errors.map(reasonOf) : [];
  return all.length > 0 ? all.join(", ") : error.message;
}
