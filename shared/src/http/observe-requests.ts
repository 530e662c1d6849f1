import type { Metrics } from "../telemetry/metrics.ts";
import type { AnsweredRequest } from "./app.ts";

/** Counts and times every answer, by its route and not by its path: ids would make a series each. */
export function observeRequests(metrics: Metrics): (answer: AnsweredRequest) => void {
  const seconds = metrics.histogram("http_request_seconds", "From a request's arrival to its answer.", {
    labels: ["method", "route", "status"],
  });
  return ({ method, route, status, durationMs }) => seconds.observe({ method, route, status }, durationMs / 1_000);
}
