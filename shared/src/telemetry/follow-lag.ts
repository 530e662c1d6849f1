import { setTimeout as sleep } from "node:timers/promises";
import type { EventLog } from "../log/event-log.ts";
import { createLagMarks } from "./lag-marks.ts";
import type { Metrics } from "./metrics.ts";

/** An alarm wants to know within seconds; the log is asked for its ends by every read of a client anyway. */
const sampleEveryMs = 1_000;

export interface FollowLagOptions {
  readonly log: Pick<EventLog, "partitions" | "ends">;
  readonly metrics: Metrics;
  /** Who reads: the metrics are `<reader>_lag_events` and `<reader>_lag_seconds`. */
  readonly reader: string;
  /** The next offset to be read; undefined as long as that is not known. */
  readonly reached: (partition: number) => number | undefined;
}

/**
 * Shows, until `signal` is aborted, how far a reader is behind the end of the log, partition by partition: in events, and in
 * seconds since the log first held what the reader has not reached. While the log does not say where it ends, what it said
 * last counts. Afterwards the metrics show nothing: who does not read does not lag.
 */
export async function followLag(options: FollowLagOptions, signal: AbortSignal): Promise<void> {
  const { log, metrics, reader, reached } = options;
  const labels = ["partition"] as const;
  const events = metrics.gauge(`${reader}_lag_events`, "Records of the log that are not read yet.", { labels });
  const seconds = metrics.gauge(`${reader}_lag_seconds`, "Age of the oldest record that is not read yet.", { labels });
  const marks = Array.from({ length: log.partitions }, createLagMarks);
  let ends: readonly number[] = [];

  while (!signal.aborted) {
    ends = await log.ends().catch(() => ends);
    for (const [partition, end] of ends.entries()) {
      const offset = reached(partition);
      if (offset === undefined) continue;
      events.set({ partition }, Math.max(0, end - offset));
      seconds.set({ partition }, (marks[partition]?.measure(end, offset, performance.now()) ?? 0) / 1_000);
    }
    await sleep(sampleEveryMs, undefined, { signal }).catch(() => undefined);
  }
  events.reset();
  seconds.reset();
}
