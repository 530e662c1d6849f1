import { type DestinationStream, type Logger, pino, stdSerializers } from "pino";

export type { Logger };

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LoggerOptions {
  /** Stands in every line as `service`. */
  readonly service: string;
  readonly level?: LogLevel;
  /** Where lines go; standard output when absent. */
  readonly destination?: DestinationStream;
}

/** `old` and `new` are the two passwords of a change of password. */
const SECRET_KEYS = ["authorization", "cookie", "password", "old", "new", "token", "ticket", "secret"].concat(
  ["access_token", "refresh_token"],
  ["SECRET_KEY", "DATABASE_URL"],
);

/**
 * Secrets that hide inside a string, where no key names them: query parameters, bearer tokens, JWTs, passwords in URLs.
 * The value ends where JSON or the URL ends it, so that the line stays JSON.
 */
const SECRETS_IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [/([?&](?:token|ticket|access_token|refresh_token|password|username)=)[^&"\\\s#]*/gi, "$1[secret]"],
  [/\b(Bearer )[^"\\\s,]+/gi, "$1[secret]"],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, "[secret]"],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^:@/"\s]*:)[^@/"\s]+@/gi, "$1[secret]@"],
];

/** A logger that writes one JSON object per line, and in it no secret: neither under a name known for one nor in a text. */
export function createLogger({ service, level = "info", destination }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: "[secret]" },
      serializers: { err: withoutRowValues, error: withoutRowValues },
      hooks: { streamWrite: withoutSecrets },
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

/** Takes out of a text what must not be logged. */
export function withoutSecrets(text: string): string {
  return SECRETS_IN_TEXT.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text);
}

/** A database error's `detail` and `where` quote the row: what people wrote, their addresses. Code and constraint say enough. */
function withoutRowValues(error: unknown): unknown {
  if (!Error.isError(error)) return error;
  const serialized: Record<string, unknown> = { ...stdSerializers.err(error) };
  delete serialized["detail"];
  delete serialized["where"];
  return serialized;
}
