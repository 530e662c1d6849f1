import type { IncomingHttpHeaders } from "node:http";
import type { Middleware } from "koa";
import { createAllowedOrigins } from "./allowed-origins.ts";

/** What a page of another origin may ask with; which of them a path takes is for its answer to say. */
const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
const REQUEST_HEADERS =
  "Authorization, Content-Type, Idempotency-Key, X-Request-Id, Chat-Consistency, If-None-Match, Range, If-Range";
const ANSWER_HEADERS =
  "Link, Location, Retry-After, RateLimit, RateLimit-Policy, ETag, WWW-Authenticate, X-Request-Id, Chat-Position, Chat-Stale, Content-Range, Content-Disposition";

/** How long a browser may go without asking again. Short, so that a changed list is soon true everywhere. */
const PREFLIGHT_SECONDS = 600;

/**
 * Lets pages of the listed origins read our answers; `*` stands for any. Tokens are no cookies, so there are no
 * credentials to allow. Answers every preflight, whatever the path: a browser that hears a refusal there tells its page nothing.
 */
export function createCors(allowedOrigins: readonly string[]): Middleware {
  const allowed = createAllowedOrigins(allowedOrigins);

  return (context, next) => {
    const { headers } = context.req;
    const origin = headers.origin;
    const mayRead = origin !== undefined && allowed.has(origin);
    if (allowedOrigins.length > 0) context.res.setHeader("Vary", "Origin");
    if (mayRead) {
      context.res.setHeader("Access-Control-Allow-Origin", allowed.any ? "*" : origin);
      context.res.setHeader("Access-Control-Expose-Headers", ANSWER_HEADERS);
    }
    if (context.req.method !== "OPTIONS" || !isPreflight(headers)) return next();
    if (mayRead) {
      context.set({
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": REQUEST_HEADERS,
        "Access-Control-Max-Age": String(PREFLIGHT_SECONDS),
      });
    }
    context.status = 204;
    return Promise.resolve();
  };
}

const isPreflight = (headers: IncomingHttpHeaders): boolean =>
  headers.origin !== undefined && headers["access-control-request-method"] !== undefined;
