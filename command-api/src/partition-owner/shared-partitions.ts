import type { Pool } from "pg";
import type { Service } from "@chat/shared/lifecycle";
import type { EventLog } from "@chat/shared/log/event-log";
import { createOwnership } from "@chat/shared/partitions/ownership";
import { createPostgresLeases } from "@chat/shared/partitions/postgres-leases";
import type { Logger } from "@chat/shared/telemetry/logger";
import type { Metrics } from "@chat/shared/telemetry/metrics";
import { createWakeup, type Wakeup } from "@chat/shared/wakeup";
import { systemClock } from "./clock.ts";
import type { CommandOutcome, CommandRequest } from "./command-request.ts";
import { createForwarder } from "./forward.ts";
import { fingerprintOf } from "./internal-key.ts";
import type { OwnedPartitions } from "./owned-partitions.ts";
import { createCommandRouter } from "./route-commands.ts";

/** The role under which the instances of command-api share the partitions. */
export const commandApiRole = "command-api";

/** How long a start waits until every partition is somebody's: an instance that was killed a moment ago still has its leases. */
const ownedWithinMs = 5_000;

export interface SharedPartitions {
  /** Decides a command wherever its partition is owned. Throws a `Rejection`. */
  submit(request: CommandRequest): Promise<CommandOutcome>;
  mayLead(partition: number): boolean;
  /**
   * Started: takes our share, and waits until every partition has an owner and ours are led; throws `CannotStart` beside an
   * instance with another secret. Stopped: hands over to others, if there are any.
   */
  readonly share: Service;
  /** Gives up everything, with what was accepted finished. */
  stop(): Promise<void>;
}

interface Dependencies {
  readonly log: EventLog;
  readonly owned: OwnedPartitions;
  /** One connection, for nothing else. */
  readonly leases: Pool;
  readonly instanceId: string;
  readonly instanceUrl: () => string;
  readonly leaseChanges: Wakeup;
  readonly secret: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Joins leases, owners and the way to other instances: what makes several instances of command-api one. */
export function createSharedPartitions(dependencies: Dependencies): SharedPartitions {
  const { log, owned, leases, instanceId, instanceUrl, leaseChanges, secret, logger, metrics } = dependencies;
  const changed = createWakeup();
  const forwarder = createForwarder({ secret, log: logger });
  const ownership = createOwnership({
    store: createPostgresLeases(leases, commandApiRole),
    partitions: log.partitions,
    id: instanceId,
    url: instanceUrl,
    key: fingerprintOf(secret),
    // What a decision needs: a log that answers. One that is cut off from it should not keep others from deciding.
    tryWork: () => log.ends(),
    clock: systemClock,
    changes: leaseChanges,
    events: {
      taken: owned.take,
      giveUp: owned.giveUp,
      lost: (partition) => void owned.giveUp(partition),
      changed: changed.wake,
    },
    log: logger,
  });
  const forwarded = metrics.counter("chat_forwarded_commands_total", "Commands that another instance was asked for.", [
    "outcome",
  ]);
  metrics.gauge("chat_leases_held", "Partitions whose lease is surely ours.", {
    collect: (gauge) => gauge.set(partitions().filter(ownership.holds).length),
  });
  metrics.gauge("chat_waiting_commands", "Commands that wait to be decided with the next append.", {
    collect: (gauge) => gauge.set(owned.waiting()),
  });
  const submit = createCommandRouter({
    partitions: log.partitions,
    owned,
    placeOf: ownership.placeOf,
    refresh: ownership.refresh,
    changed,
    forward: forwarder.forward,
    clock: systemClock,
    observe: (outcome) => forwarded.inc({ outcome }),
  });

  const partitions = (): number[] => Array.from({ length: log.partitions }, (_, partition) => partition);
  const everyoneIsOwned = (): boolean =>
    partitions().every((partition) => ownership.placeOf(partition).at !== "nowhere");

  return {
    submit,
    mayLead: ownership.holds,
    share: {
      name: "share of the partitions",
      async start() {
        await ownership.start();
        const deadline = systemClock.now() + ownedWithinMs;
        for (let left = ownedWithinMs; left > 0 && !everyoneIsOwned(); left = deadline - systemClock.now()) {
          await changed.next(left);
        }
        await owned.lead();
      },
      stop: ownership.handOver,
    },
    async stop() {
      await ownership.stop();
      forwarder.close();
    },
  };
}
