import pg from "pg";
import type { Logger } from "../telemetry/logger.ts";
import { BoundedClient, type BoundedClientConfig } from "./bounded-client.ts";

/** How long to wait for a connection, new or one that others hold. Longer than a restart of Postgres on a socket of ours takes is not useful: the caller retries or answers 503. */
const CONNECTION_TIMEOUT_MS = 5_000;

/** A peer that vanished without a word is noticed by probes from here on, not by the kernel's two hours. */
const KEEP_ALIVE_AFTER_MS = 10_000;

/**
 * For `answerWithinMs` of a service: longer than any statement of its takes, and what a request may have to wait for. Behind
 * a peer that vanished with a question under way the kernel waits for a quarter of an hour, and as long a pool has fewer
 * connections, or none.
 */
export const SERVICE_ANSWER_WITHIN_MS = 8_000;

/** An idle connection costs the server some megabytes; a burst that is over should not keep them. */
const IDLE_TIMEOUT_MS = 30_000;

/** `int8`, so `count(*)` and offsets too. */
const INT8_OID = 20;

export interface ConnectOptions {
  /** `postgresql://user:password@host:port/database`, or `postgresql://user@localhost/database?host=/folder/of/a/socket`. */
  readonly url: string;
  /** Shown as `application_name` in `pg_stat_activity`. */
  readonly name: string;
  /** At most this many connections. */
  readonly max: number;
  readonly log: Logger;
  /** A statement that takes longer is cancelled by the server; no bound when absent. */
  readonly statementTimeoutMs?: number;
  /** A connection on which nothing comes back for longer is given up, and with it what was asked; no bound when absent. */
  readonly answerWithinMs?: number;
  /** Sends queries without waiting for the answers of those before (`pg`'s pipeline mode). */
  readonly pipeline?: boolean;
}

/**
 * A pool of connections that a lost database cannot crash: `pg` emits `error` on a client, idle or checked out, whose
 * connection breaks, and an `error` that nobody hears ends the process. `int8` is read as a number; one that is not
 * a safe integer fails its query with a RangeError.
 */
export function createPool(options: ConnectOptions): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(options),
    Client: BoundedClient,
    max: options.max,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
  });
  const warn = (error: Error): void => {
    // `end` does not wait until the server has read the farewells: one that is stopped next may still cut them off.
    if (!pool.ending) options.log.warn({ err: error, pool: options.name }, "lost a database connection");
  };
  // Both are needed: the pool speaks for its idle clients only, and only the client itself for one in use.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", warn));
  return pool;
}

/** A single connection outside any pool, for LISTEN or a lock that lives as long as the connection. Not yet connected. */
export function createClient(options: Omit<ConnectOptions, "max">): pg.Client {
  const client = new BoundedClient(clientConfig(options));
  client.on("error", (error) => options.log.warn({ err: error, client: options.name }, "lost a database connection"));
  return client;
}

function clientConfig(options: Omit<ConnectOptions, "max" | "log">): BoundedClientConfig {
  return {
    connectionString: options.url,
    application_name: options.name,
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    types: { getTypeParser },
    ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
    answerWithinMs: options.answerWithinMs,
    ...(options.pipeline === undefined ? {} : { pipeline: options.pipeline }),
  };
}

/** The parser of a value that came as text; binary answers are nobody's wish here and keep `pg`'s own. */
const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: "text" | "binary") => {
  const parse: unknown = oid === INT8_OID && format !== "binary" ? safeInteger : pg.types.getTypeParser(oid, format);
  return parse;
};

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is no safe integer`);
  return value;
}
