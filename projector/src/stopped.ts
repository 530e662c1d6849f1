import type { Logger } from "@chat/shared/telemetry/logger";
import type { Metrics } from "@chat/shared/telemetry/metrics";
import { traceIdIn } from "@chat/shared/telemetry/trace-context";
import type { StoredEvent } from "@chat/shared/log/fenced-reader";

/** An event that cannot be projected, for a reason in itself. Nothing behind it in its partition is looked at. */
export interface Stop {
  readonly partition: number;
  readonly offset: number;
  readonly type: string;
  readonly reason: string;
}

export interface StoppedPartitions {
  /** Logs and counts a stop; the same one again, after a retry, is no news. */
  stop(partition: number, event: StoredEvent, error: unknown): void;
  /** A partition has been projected up to here: if it was stopped before, it goes on. */
  reached(partition: number, offset: number): void;
  /** Those that are left alone until the next retry. */
  resting(): ReadonlySet<number>;
  /** Lets all be tried again. They count as stopped until they get past. */
  retry(): void;
  list(): readonly Stop[];
}

export function createStoppedPartitions({ logger, metrics }: Dependencies): StoppedPartitions {
  const stops = new Map<number, Stop>();
  const resting = new Set<number>();
  const gauge = metrics.gauge(
    "projector_stopped_partitions",
    "Partitions whose next event cannot be projected; their chats are stale until it can, or is skipped",
  );

  return {
    stop(partition, event, error) {
      const stop = { partition, offset: event.offset, type: typeOf(event), reason: reasonOf(error) };
      const before = stops.get(partition);
      if (before?.offset !== stop.offset || before.reason !== stop.reason) {
        logger.error(
          { ...stop, trace_id: traceIdIn(event.value) },
          "an event cannot be projected: its partition is stopped, the others go on",
        );
      }
      stops.set(partition, stop);
      resting.add(partition);
      gauge.set(stops.size);
    },
    reached(partition, offset) {
      const stop = stops.get(partition);
      if (stop === undefined || offset <= stop.offset) return;
      stops.delete(partition);
      resting.delete(partition);
      gauge.set(stops.size);
      logger.info({ partition, offset: stop.offset }, "a stopped partition goes on");
    },
    resting: () => resting,
    retry: () => resting.clear(),
    list: () => [...stops.values()],
  };
}

interface Dependencies {
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** For the log line only: the event may be anything. */
function typeOf(event: StoredEvent): string {
  const match = /"type":"(\w{1,40})"/.exec(event.value);
  return match?.[1] ?? "unknown";
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
