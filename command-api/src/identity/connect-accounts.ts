import { withoutSecrets } from "@chat/shared/telemetry/logger";
import type { Logger } from "@chat/shared/telemetry/logger";
import knex, { type Knex } from "knex";

/** Two passwords are checked at a time, so few queries are ever under way; profiles and sessions are short ones. */
const MAX_CONNECTIONS = 4;

/** As long as the other pools wait for a connection. */
const CONNECTION_TIMEOUT_MS = 5_000;

/** The query builder over the database of accounts, with a small pool of its own; `destroy()` ends it. */
export function connectAccounts(url: string, log: Logger): Knex {
  return knex({
    client: "pg",
    connection: {
      connectionString: url,
      application_name: "command-api identity",
      keepAlive: true,
      connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    },
    pool: { min: 0, max: MAX_CONNECTIONS },
    acquireConnectionTimeout: CONNECTION_TIMEOUT_MS,
    log: {
      warn: (message: unknown) => log.warn(withoutSecrets(String(message))),
      error: (message: unknown) => log.error(withoutSecrets(String(message))),
    },
  });
}
