import type { Pool } from "pg";
import type { EventLog } from "@chat/shared/log/event-log";
import { composeServices, type Service } from "@chat/shared/lifecycle";
import type { Logger } from "@chat/shared/telemetry/logger";
import type { Metrics } from "@chat/shared/telemetry/metrics";
import type { Wakeup } from "@chat/shared/wakeup";
import { createAuditor } from "./auditor.ts";
import { keepProjecting } from "./keep-projecting.ts";
import { createStandby } from "./standby.ts";

export interface ProjectorOptions {
  readonly log: EventLog;
  /** The projector writes through a connection of its own. */
  readonly databaseUrl: string;
  /** For the auditor, which only reads. */
  readonly pool: Pool;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Woken after each commit: the read models are newer than they were. */
  readonly progress: Wakeup;
  /** Woken, again and again, as long as a reader waits for the read models; absent where readers are in other processes. */
  readonly wanted?: Wakeup;
  /** The log is not what it was, or a bug: the projector has stopped and said why. */
  readonly onFatal: (error: unknown) => void;
}

/** Follows the log and keeps the read models whenever no other projector does, and audits them in the background, until it is stopped. */
export function createProjector(options: ProjectorOptions): Service {
  return composeServices("projector", [createFollower(options), createAuditor(options)]);
}

function createFollower(options: ProjectorOptions): Service {
  const { logger, onFatal } = options;
  return createStandby({
    ...options,
    work: (signal) =>
      keepProjecting(options, signal).catch((error: unknown) => {
        logger.fatal({ err: error }, "the projector has stopped");
        onFatal(error);
      }),
  });
}
