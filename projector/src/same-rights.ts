import type { ClientBase } from "pg";

/**
 * Statements that let everybody do with the tables of one generation what they may do with those of another. The rights on its
 * tables are taken together: a table that the older one does not have is for the same people.
 */
export async function sameRights(client: ClientBase, from: string, to: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ role: string; privileges: string }>(
    `SELECT quote_ident(pg_get_userbyid(grantee)) AS role, string_agg(DISTINCT privilege_type, ', ') AS privileges
     FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace, aclexplode(c.relacl)
     WHERE n.nspname = $1 AND c.relkind = 'r' AND grantee <> c.relowner AND grantee <> 0
     GROUP BY grantee ORDER BY 1`,
    [from],
  );
  return rows.flatMap(({ role, privileges }) => [
    `GRANT USAGE ON SCHEMA ${to} TO ${role};`,
    `GRANT ${privileges} ON ALL TABLES IN SCHEMA ${to} TO ${role};`,
  ]);
}
