import type { Metrics } from "@chat/shared/telemetry/metrics";

/** Why an answer was older than what was acknowledged before, or is not whole. */
export type StaleReason = "behind" | "degraded";

export interface ReadObserver {
  /** A read was held up by the barrier for so long, the reading itself included. */
  waited(ms: number): void;
  stale(reason: StaleReason): void;
}

export function observeReads(metrics: Metrics): ReadObserver {
  const waits = metrics.histogram(
    "query_barrier_seconds",
    "From a read's arrival until its rows held all that was acknowledged before, or it gave up.",
  );
  const stale = metrics.counter("query_stale_answers_total", "Answers with Chat-Stale.", ["reason"]);
  return {
    waited: (ms) => waits.observe(ms / 1_000),
    stale: (reason) => stale.inc({ reason }),
  };
}
