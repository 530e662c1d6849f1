import Type from "typebox";
import type { Service } from "../lifecycle.ts";
import { Rejection } from "../rejection.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { defineRoute, type Route } from "./define-route.ts";

/** A check that has not answered by then counts as failed: whoever asks has a timeout of its own. */
const CHECK_TIMEOUT_MS = 1_000;

export type Phase = "starting" | "ok" | "stopping";

/** Where this instance is in its life, and nothing about others: to be started last, and so stopped first. */
export interface Readiness extends Service {
  phase(): Phase;
}

export function createReadiness(): Readiness {
  let phase: Phase = "starting";
  return {
    name: "readiness",
    phase: () => phase,
    async start() {
      phase = "ok";
    },
    async stop() {
      phase = "stopping";
    },
  };
}

export interface HealthOptions {
  readonly readiness: Pick<Readiness, "phase">;
  /** What this service needs of others, told as a detail; each throws when it does not work. */
  readonly checks: Readonly<Record<string, () => Promise<unknown>>>;
  readonly metrics: Pick<Metrics, "page">;
  /** Where the port is open to everybody, metrics are for programs on this machine; to all others there is nothing there. */
  readonly metricsFor?: "anyone" | "this machine";
}

/**
 * Live: the process answers, do not restart it. Startup: it has started. Ready: it has started and is not stopping, send it
 * requests.
 *
 * What all instances share (database, log) makes none of them unready: they would all leave together, and then nobody
 * would give the answers that are still possible (reads with `Chat-Stale`, 503 with `Retry-After`).
 */
export function healthRoutes({ readiness, checks, metrics, metricsFor = "anyone" }: HealthOptions): readonly Route[] {
  const Health = Type.Object(
    { status: Type.String(), checks: Type.Optional(Type.Record(Type.String(), Type.String())) },
    { examples: [{ status: "ok" }] },
  );
  const shared = Object.entries(checks).map(([name, check]) => [name, oneAtATime(check)] as const);
  const common = { method: "GET", auth: "none", tags: ["health"], underApi: false } as const;

  async function results(): Promise<Record<string, "ok" | "failed">> {
    const all = shared.map(async ([name, check]) => [name, (await passes(check)) ? "ok" : "failed"] as const);
    return Object.fromEntries(await Promise.all(all));
  }

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
      path: "/health/startup",
      summary: "Whether this instance has started",
      responses: {
        200: { description: "It has", schema: Health },
        503: { description: "Not yet", schema: Health },
      },
      handle: () => ({ status: readiness.phase() === "starting" ? 503 : 200, body: { status: readiness.phase() } }),
    }),
    defineRoute({
      ...common,
      path: "/health/ready",
      summary: "Whether this instance takes requests; what it needs of others is told as a detail",
      responses: {
        200: { description: "It does", schema: Health },
        503: { description: "It is starting or stopping", schema: Health },
      },
      async handle() {
        const body = { status: readiness.phase(), checks: await results() };
        return { status: readiness.phase() === "ok" ? 200 : 503, body };
      },
    }),
    defineRoute({
      ...common,
      path: "/metrics",
      summary: "Metrics in the Prometheus text format; where the port is open to everybody, for this machine alone",
      responses: { 200: { description: "The metrics" } },
      rejections: ["not_found"],
      async handle({ remoteAddress, headers }) {
        const forwarded = headers["x-forwarded-for"] !== undefined || headers.forwarded !== undefined;
        if (metricsFor === "this machine" && (forwarded || !isLoopback(remoteAddress))) {
          throw new Rejection("not_found", "There is nothing at this path.");
        }
        const { body, contentType } = await metrics.page();
        return { status: 200, body, headers: { "Content-Type": contentType } };
      },
    }),
  ];
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address);
}

/** However many ask, and however long an answer is away: a check adds one request to what it looks at. */
function oneAtATime(check: () => Promise<unknown>): () => Promise<unknown> {
  let asked: Promise<unknown> | null = null;
  return () => (asked ??= check().finally(() => (asked = null)));
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
