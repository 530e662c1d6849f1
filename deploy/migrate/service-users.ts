import type pg from "pg";
import { CannotStart } from "@chat/shared/cannot-start";
import { createClient } from "@chat/shared/postgres/connect";
import type { Logger } from "@chat/shared/telemetry/logger";
import { grantsTo, readsOnly, type ServiceName } from "./service-rights.ts";

/** A service, the variable that says how it will connect, and what it says: name and password of its user are in it. */
export interface ServiceUser {
  readonly service: ServiceName;
  readonly variable: string;
  readonly url: string;
}

/** Any number, the same in all versions of this program: whoever gives rights holds this advisory lock. */
const rightsLock = 7_240_121;

/**
 * Makes the database users of services, or gives them the password that their URL says, with the rights that this release's
 * services need and no others. Again changes nothing. To be called after the migrations, as the owner of the tables; throws
 * CannotStart when a URL names no user, or one who must not be changed.
 */
export async function giveServicesTheirRights(url: string, users: readonly ServiceUser[], log: Logger): Promise<void> {
  if (users.length === 0) return;
  const logins = users.map((user) => ({ ...user, ...loginOf(user) }));
  const client = createClient({ url, name: "migrate", log });
  await client.connect();
  try {
    await client.query("BEGIN");
    await client.query("SELECT pg_advisory_xact_lock($1)", [rightsLock]);
    const schemas = await schemasOf(client);
    // Whoever redeems tickets changes a table by it; functions are everybody's unless one says otherwise.
    await client.query("REVOKE EXECUTE ON FUNCTION directory.redeem_ws_ticket(bytea) FROM PUBLIC");
    for (const login of logins) await makeUser(client, login, schemas);
    // After all of them were made: several services may share a user, who then has the rights of all.
    const generations = schemas.filter((schema) => /^read_\d+$/.test(schema));
    for (const { name, service } of logins) {
      await client.query(grantsTo(client.escapeIdentifier(name), service, generations).join(";\n"));
    }
    await client.query("COMMIT");
  } finally {
    await client.end();
  }
  for (const { service, name } of logins)
    log.info({ service, user: name }, "the service's database user has its rights");
}

interface Login extends ServiceUser {
  readonly name: string;
  readonly password: string;
}

function loginOf({ variable, url }: ServiceUser): { name: string; password: string } {
  const parsed = URL.parse(url);
  const name = decodeURIComponent(parsed?.username ?? "");
  const password = decodeURIComponent(parsed?.password ?? "");
  if (name !== "" && password !== "") return { name, password };
  throw new CannotStart(
    `${variable} names no user with a password; expected postgresql://user:password@host:5432/database`,
  );
}

async function makeUser(client: pg.Client, login: Login, schemas: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ all_powerful: boolean }>(
    "SELECT rolsuper OR rolname = current_user AS all_powerful FROM pg_roles WHERE rolname = $1",
    [login.name],
  );
  const [known] = rows;
  if (known?.all_powerful === true) {
    throw new CannotStart(
      `${login.variable} names ${login.name}, who owns the tables; a service has a user of its own`,
    );
  }
  const user = client.escapeIdentifier(login.name);
  const { rows: database } = await client.query<{ name: string }>("SELECT current_database() AS name");
  const statements = [
    `${known === undefined ? "CREATE" : "ALTER"} ROLE ${user} LOGIN PASSWORD ${client.escapeLiteral(login.password)}`,
    `ALTER ROLE ${user} ${readsOnly.has(login.service) ? "SET default_transaction_read_only = on" : "RESET default_transaction_read_only"}`,
    `GRANT CONNECT ON DATABASE ${client.escapeIdentifier(database[0]?.name ?? "")} TO ${user}`,
    // What an older release needed and this one does not.
    ...schemas.flatMap((schema) => [
      `REVOKE ALL ON ALL TABLES IN SCHEMA ${schema} FROM ${user}`,
      `REVOKE ALL ON SCHEMA ${schema} FROM ${user}`,
    ]),
    `REVOKE ALL ON FUNCTION directory.redeem_ws_ticket(bytea) FROM ${user}`,
  ];
  await client.query(statements.join(";\n"));
}

/** Ours: what migrations and rebuilds have made. */
async function schemasOf(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT nspname AS name FROM pg_namespace
     WHERE nspname IN ('log', 'read', 'identity', 'files', 'devices', 'directory') OR nspname ~ '^read_[0-9]+$' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}
