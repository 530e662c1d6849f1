import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { EventLog } from "@chat/shared/log/event-log";
import type { Service } from "@chat/shared/lifecycle";
import { createOwnership } from "@chat/shared/partitions/ownership";
import { createPostgresLeases } from "@chat/shared/partitions/postgres-leases";
import { createPool } from "@chat/shared/postgres/connect";
import type { Logger } from "@chat/shared/telemetry/logger";
import type { Metrics } from "@chat/shared/telemetry/metrics";
import { createWakeup } from "@chat/shared/wakeup";

/** The role under which projectors of one database take turns. */
const projectorRole = "projector";

export interface StandbyOptions {
  readonly log: Pick<EventLog, "ends">;
  readonly databaseUrl: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Is at work until it is aborted. Never rejects. */
  readonly work: (signal: AbortSignal) => Promise<void>;
}

/**
 * Of the projectors on one database one works and the others stand by, so that they do not do everything twice and refuse
 * each other's batches. Who works is said by a lease, which goes to another when its holder ends, hangs, or has lost the log; it
 * is one lease for all partitions, for a batch of all is what makes a commit cheap. That rows are right rests on the checkpoints
 * alone: one who wakes up and does not know yet that its lease is another's has its batch refused.
 */
export function createStandby({ log, databaseUrl, logger, metrics, work }: StandbyOptions): Service {
  const leases = createPool({ url: databaseUrl, name: "projector leases", max: 1, log: logger });
  let stopping = new AbortController();
  let working: Promise<void> = Promise.resolve();

  metrics.gauge("projector_at_work", "1 for the projector that works, 0 for one that stands by.", {
    collect: (gauge) => gauge.set(ownership.holds(0) ? 1 : 0),
  });

  async function rest(): Promise<void> {
    stopping.abort();
    await working;
  }

  const ownership = createOwnership({
    store: createPostgresLeases(leases, projectorRole),
    partitions: 1,
    id: randomUUID(),
    // Nobody sends a projector anything; it is for whoever looks into the table.
    url: () => hostname(),
    tryWork: () => log.ends(),
    clock: { now: () => performance.now(), sleep: (ms) => sleep(ms) },
    // Standbys look twice a second anyway, and a planned change of projectors may take as long.
    changes: createWakeup(),
    events: {
      taken() {
        const before = rest();
        const begun = new AbortController();
        stopping = begun;
        logger.info("this projector works");
        working = before.then(() => work(begun.signal));
      },
      giveUp: rest,
      lost: () => void rest(),
      changed: () => undefined,
    },
    log: logger,
  });

  return {
    name: "turns of projectors",
    async start() {
      await ownership.start();
    },
    async stop() {
      await ownership.stop();
      await rest();
      await leases.end();
    },
  };
}
