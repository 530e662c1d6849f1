import type { RequestListener } from "node:http";
import Koa, { type Context, type Middleware } from "koa";
import { FileStoreUnavailable } from "../files/file-store.ts";
import { isDatabaseUnavailable } from "../postgres/unavailable.ts";
import { kindOfRejection, Rejection } from "../rejection.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Authenticate } from "./authenticate.ts";
import { createCors } from "./cors.ts";
import type { Route } from "./define-route.ts";
import { mountRoutes } from "./mount-routes.ts";
import { continueTrace, traceIdOf } from "../telemetry/trace-context.ts";
import { problemHeaders, problemOf } from "./problem.ts";
import type { Limiting } from "./rate-limits.ts";
import { requestIdOf } from "./request-id.ts";

export interface HttpAppOptions {
  readonly routes: readonly Route[];
  readonly authenticate: Authenticate;
  readonly log: Logger;
  /** Origins whose pages may read the answers; none when absent. */
  readonly allowedOrigins?: readonly string[];
  /**
   * Whether other services answer at the same address, behind one gateway. OPTIONS, which comes to one of them, then names no methods and
   * refuses no path: what the others take is not this one's to know.
   */
  readonly amongOthers?: boolean;
  /** What serves paths that are no routes (the page, the documents); asked last. */
  readonly pages?: readonly Middleware[];
  /** Callers may ask as much as they like when absent. */
  readonly limiting?: Limiting;
  /** Told of every answer, for metrics. `route` is the path with its parameters' names, or "none". */
  readonly observe?: (answer: AnsweredRequest) => void;
}

export interface AnsweredRequest {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

/** Answers requests with routes: each gets an id, a line in the log, and in every case but success a problem (RFC 9457). */
export function createHttpApp(options: HttpAppOptions): RequestListener {
  const app = new Koa();
  app.on("error", (error: unknown) => {
    const level = isHangUp(error) ? "debug" : "warn";
    options.log[level]({ err: error }, "an answer broke off");
  });
  app.use(createEnvelope(options));
  app.use(createCors(options.allowedOrigins ?? []));
  app.use(mountRoutes(options.routes, options.authenticate, options.limiting));
  for (const page of options.pages ?? []) app.use(page);
  app.use(endOfPaths(options.amongOthers ?? false));
  // Koa's own promise ends after the answer; whatever fails there was told to "error" above.
  const callback = app.callback();
  return (request, response) => void callback(request, response);
}

/** Whoever downloads a file may stop, or close as soon as he has its last byte, before the answer has seen its own end. */
const isHangUp = (error: unknown): boolean =>
  Error.isError(error) && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";

function createEnvelope({ log, observe }: HttpAppOptions): Middleware {
  return async (context, next) => {
    const startedAt = performance.now();
    const requestId = requestIdOf(context.req.headers["x-request-id"]);
    const traceParent = continueTrace(context.req.headers.traceparent);
    context.state.requestId = requestId;
    context.state.traceParent = traceParent;
    // Made when there is a line to write, which in most runs no request has.
    const named = (): NamedRequest => ({
      request_id: requestId,
      trace_id: traceIdOf(traceParent),
      method: context.method,
      path: context.path,
    });
    setCommonHeaders(context, requestId);
    try {
      refuseWithoutHost(context);
      await next();
    } catch (error) {
      answerWithProblem(context, rejectionOf(error, named, log), requestId);
    }
    const { method } = context.request;
    const { status } = context.response;
    const durationMs = performance.now() - startedAt;
    // The path alone: a query may hold a token or a password, and where it matters the route has its own words for the log.
    if (log.isLevelEnabled("info"))
      log.info({ ...named(), status, durationMs: Math.round(durationMs * 10) / 10 }, "answered");
    observe?.({ method, route: String(context["_matchedRoute"] ?? "none"), status, durationMs });
  };
}

/** RFC 9112 3.2 wants it so. Node would refuse it too, but without a word. */
function refuseWithoutHost({ req, res }: Context): void {
  if (req.headers.host !== undefined || req.httpVersion !== "1.1") return;
  res.setHeader("Connection", "close");
  throw new Rejection("malformed_request", "An HTTP/1.1 request needs a Host header.");
}

/** A page that is served from here sets its own policy over this one, which lets a document do nothing. */
function setCommonHeaders({ res }: Context, requestId: string): void {
  res.setHeader("X-Request-Id", requestId);
  res.setHeader("X-Content-Type-Options", "nosniff");
  // A URL may hold a token: it must not travel on to where a link leads, nor stay in a cache.
  res.setHeader("Referrer-Policy", "no-referrer");
  res.setHeader("Cache-Control", "no-store");
  res.setHeader("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  // For browsers that do not know the policy's own word for it.
  res.setHeader("X-Frame-Options", "DENY");
  res.setHeader("Cross-Origin-Opener-Policy", "same-origin");
  // A page at another port of the same host may show our pictures; other sites may not.
  res.setHeader("Cross-Origin-Resource-Policy", "same-site");
  res.setHeader("X-Permitted-Cross-Domain-Policies", "none");
}

/** What every line about a request says: which it is, in the words of its answer and of its trace. */
interface NamedRequest {
  readonly request_id: string;
  readonly trace_id: string | undefined;
  readonly method: string;
  readonly path: string;
}

function rejectionOf(error: unknown, named: () => NamedRequest, log: Logger): Rejection {
  if (error instanceof Rejection) return error;
  if (error instanceof FileStoreUnavailable) {
    log.warn({ err: error, ...named() }, "the files are away");
    return new Rejection("unavailable", "Files can be neither stored nor read right now.", filesAway);
  }
  if (isDatabaseUnavailable(error)) {
    log.warn({ err: error, ...named() }, "the database is away");
    // A connection that broke during a commit may have left it done: only a reader can be told that nothing happened.
    const { method } = named();
    return method === "GET" || method === "HEAD"
      ? new Rejection("unavailable", "The database cannot be reached right now.")
      : new Rejection(
          "outcome_unknown",
          "The database failed on the way: it may have happened. Send it again with the same key or id.",
        );
  }
  log.error({ err: error, ...named() }, "a bug");
  return new Rejection("internal", "Something went wrong on our side.");
}

function answerWithProblem(context: Context, rejection: Rejection, requestId: string): void {
  context.status = kindOfRejection(rejection.code).status;
  context.set({ ...problemHeaders(rejection) });
  context.body = JSON.stringify(problemOf(rejection, requestId));
}

/** A disk that is full, or a store that restarts, takes longer than a database that fails over. */
const filesAway = { retryAfterSeconds: 10 };

/** The router notes on the context which routes have this path, whatever their method. Pages answer for themselves. */
function endOfPaths(amongOthers: boolean): Middleware {
  return (context) => {
    const samePath = (context["matched"] ?? []) as readonly { readonly methods: readonly string[] }[];
    const methods = [...new Set(samePath.flatMap((layer) => layer.methods)), "OPTIONS"];
    const options = context.method === "OPTIONS";
    // RFC 9110 9.3.7: of `*` the server as a whole is asked.
    if (options && (amongOthers || context.req.url === "*")) {
      context.status = 204;
      return;
    }
    if (methods.length === 1) throw new Rejection("not_found", "There is nothing at this path.");
    context.set("Allow", methods.join(", "));
    if (!options) throw new Rejection("method_not_allowed", `This path takes ${methods.slice(0, -1).join(", ")}.`);
    context.status = 204;
  };
}
