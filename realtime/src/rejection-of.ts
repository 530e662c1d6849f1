import { isDatabaseUnavailable } from "@chat/shared/postgres/unavailable";
import { Rejection } from "@chat/shared/rejection";
import type { Logger } from "@chat/shared/telemetry/logger";

/** What a client is told of a command that failed, however it failed. */
export function rejectionOf(error: unknown, logger: Logger): Rejection {
  if (error instanceof Rejection) return error;
  if (isDatabaseUnavailable(error)) {
    logger.warn({ err: error }, "a command's outcome is unknown");
    return new Rejection("outcome_unknown", "The way to the log was lost: it may have happened.");
  }
  logger.error({ err: error }, "a bug");
  return new Rejection("internal", "Something went wrong on our side.");
}
