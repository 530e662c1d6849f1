/** SQLSTATEs, or classes of them, by which a server says "not now" about itself and nothing about the statement. */
const UNAVAILABLE_STATES: readonly string[] = [
  "08", // the connection broke
  "53", // out of connections, memory or disk
  "57P01", // an operator stops it
  "57P02", // it crashed and restarts
  "57P03", // it starts, or recovers
  "25006", // read-only: this was the primary until a moment ago
];

const NETWORK_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** `pg` and knex give these no code: they are all that says that the connection, not the statement, failed. Knex puts its statement before. */
const CONNECTION_MESSAGES =
  /(?:^| - )(Connection terminated|Query read timeout|timeout expired|timeout exceeded when trying to connect|Knex: Timeout acquiring a connection|Client (has encountered a connection error|was closed) and is not queryable)/;

/**
 * Whether an error says that the database is away, restarting or full, so that the same call may succeed later.
 * It does not say that nothing happened: a connection that broke during a COMMIT may have left it done.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!Error.isError(error)) return false;
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  if (code !== undefined) {
    if (NETWORK_CODES.has(code)) return true;
    // The folder of a Unix socket is there, the socket is not: the server has not started yet.
    if (code === "ENOENT") return "syscall" in error && error.syscall === "connect";
    if (UNAVAILABLE_STATES.some((state) => code.startsWith(state)) && code.length === 5) return true;
  }
  if (CONNECTION_MESSAGES.test(error.message)) return true;
  // One error for each address that was tried.
  if ("errors" in error && Array.isArray(error.errors) && error.errors.length > 0) {
    return error.errors.every(isDatabaseUnavailable);
  }
  return isDatabaseUnavailable(error.cause);
}
