import { SERVICE_ANSWER_WITHIN_MS } from "@chat/shared/postgres/connect";
import { withoutSecrets } from "@chat/shared/telemetry/logger";
import type { Logger } from "@chat/shared/telemetry/logger";
import knex, { type Knex } from "knex";

/** Two passwords are checked at a time, so few queries are ever under way; profiles and sessions are short ones. */
const MAX_CONNECTIONS = 4;

/** As long as the other pools wait for a connection. */
const CONNECTION_TIMEOUT_MS = 5_000;

/** The query builder over the database of accounts, with a small pool of its own; `destroy()` ends it. */
export function connectAccounts(url: string, log: Logger, answerWithinMs = SERVICE_ANSWER_WITHIN_MS): Knex {
  const connection: Knex.PgConnectionConfig & { pipeline: boolean } = {
    connectionString: url,
    application_name: "command-api identity",
    keepAlive: true,
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    query_timeout: answerWithinMs,
    // One question at a time is asked over each. But so `pg` itself ends a connection that owes an answer for too long, and
    // Knex, which would ask over it again, takes a new one.
    pipeline: true,
  };
  return knex({
    client: "pg",
    connection,
    pool: { min: 0, max: MAX_CONNECTIONS },
    acquireConnectionTimeout: CONNECTION_TIMEOUT_MS,
    log: {
      warn: (message: unknown) => log.warn(withoutSecrets(String(message))),
      error: (message: unknown) => log.error(withoutSecrets(String(message))),
    },
  });
}
