import Type from "typebox";
import type { Metrics } from "../telemetry/metrics.ts";
import { defineRoute, type Route } from "./define-route.ts";

/** A check that has not answered by then counts as failed: whoever asks has a timeout of its own. */
const CHECK_TIMEOUT_MS = 1_000;

export interface HealthOptions {
  /** What must work for this service to be sent requests; each throws when it does not. */
  readonly checks: Readonly<Record<string, () => Promise<unknown>>>;
  readonly metrics: Pick<Metrics, "page">;
}

/** Live: the process answers, do not restart it. Ready: it can do its work, send it requests. */
export function healthRoutes({ checks, metrics }: HealthOptions): readonly Route[] {
  const Health = Type.Object({
    status: Type.String(),
    checks: Type.Optional(Type.Record(Type.String(), Type.String())),
  });
  const common = { method: "GET", auth: "none", tags: ["health"], underApi: false } as const;
  return [
    defineRoute({
      ...common,
      path: "/health/live",
      summary: "Whether the process answers",
      responses: { 200: { description: "It does", schema: Health } },
      handle: () => ({ status: 200, body: { status: "ok" } }),
    }),
    defineRoute({
      ...common,
      path: "/health/ready",
      summary: "Whether the service can do its work",
      responses: {
        200: { description: "It can", schema: Health },
        503: { description: "It cannot, now", schema: Health },
      },
      async handle() {
        const results = await Promise.all(
          Object.entries(checks).map(async ([name, check]) => [name, (await passes(check)) ? "ok" : "failed"] as const),
        );
        const ready = results.every(([, result]) => result === "ok");
        const body = { status: ready ? "ok" : "failed", checks: Object.fromEntries(results) };
        return { status: ready ? 200 : 503, body };
      },
    }),
    defineRoute({
      ...common,
      path: "/metrics",
      summary: "Metrics in the Prometheus text format",
      responses: { 200: { description: "The metrics" } },
      async handle() {
        const { body, contentType } = await metrics.page();
        return { status: 200, body, headers: { "Content-Type": contentType } };
      },
    }),
  ];
}

/** Why a check failed is for the log of what it checks, not for whoever may ask for `/health`. */
async function passes(check: () => Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, CHECK_TIMEOUT_MS, false);
  });
  try {
    return await Promise.race([check().then(() => true), timeout]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
