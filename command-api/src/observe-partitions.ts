import type { Metrics } from "@chat/shared/telemetry/metrics";
import type { Logger } from "@chat/shared/telemetry/logger";
import { LogHalted } from "@chat/shared/log/event-log";
import { systemClock } from "./partition-owner/clock.ts";
import type { PartitionObserver } from "./partition-owner/partition-observer.ts";
import { createSparingly } from "./sparingly.ts";

const batchBuckets = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

/** In an outage every command that waits fails, again and again: a line of this age says enough. */
const sayAgainAfterMs = 10_000;

/** What happens to the partitions, as metrics and lines in the log. */
export function observePartitions(
  metrics: Metrics,
  log: Logger,
  now: () => number = systemClock.now,
): PartitionObserver {
  const elections = metrics.counter("chat_elections_total", "Elections won.");
  const fenced = metrics.counter("chat_fenced_appends_total", "Batches that were void because another writer reigns.");
  const haltedNow = new Set<number>();
  metrics.gauge("chat_halted_partitions", "Partitions that refuse commands because of what stands in their log.", {
    collect: (gauge) => gauge.set(haltedNow.size),
  });
  const commands = metrics.counter("chat_commands_total", "Commands that were settled.");
  const failures = metrics.counter("chat_partition_failures_total", "Appends and look-ups without a clear answer.");
  const batches = metrics.histogram("chat_commit_batch_commands", "Commands settled by one append.", {
    buckets: batchBuckets,
  });
  const events = metrics.histogram("chat_append_events", "Events of one append.", { buckets: batchBuckets });
  const appends = metrics.histogram("chat_append_seconds", "From sending a batch to the log to its settlement.");
  const confirmations = metrics.histogram(
    "chat_confirm_seconds",
    "Settlement of a batch that had nothing to append: refusals and repeats.",
  );

  const said = createSparingly(sayAgainAfterMs, now);

  return {
    elected(partition) {
      if (haltedNow.delete(partition)) log.info({ partition }, "a halted partition goes on");
      elections.inc();
      log.debug({ partition }, "elected");
    },
    fenced(partition) {
      fenced.inc();
      log.warn({ partition }, "another writer was elected; electing again");
    },
    settled(_partition, settledCommands, settledEvents, tookMs) {
      commands.inc(settledCommands);
      batches.observe(settledCommands);
      // Without events nothing was appended: the log was only asked where it ends.
      if (settledEvents > 0) events.observe(settledEvents);
      (settledEvents > 0 ? appends : confirmations).observe(tookMs / 1_000);
    },
    failed(partition, error) {
      failures.inc();
      const unsaid = said.unsaid(`${String(partition)} ${String(error)}`);
      if (unsaid === null) return;
      log.warn({ partition, err: error, unsaid }, "no clear answer for a partition; trying again");
    },
    halted(partition, error) {
      haltedNow.add(partition);
      const reason = error.message;
      const where = error instanceof LogHalted ? { partition, offset: error.offset, reason } : { partition, reason };
      log.fatal(where, "the partition is halted by what stands in its log: it refuses commands, the others go on");
    },
    stopped(partition) {
      haltedNow.delete(partition);
    },
  };
}
