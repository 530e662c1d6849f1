import type { ProblemObject } from "../api/problem-object.ts";
import { kindOfRejection, type Rejection, type RejectionCode } from "../rejection.ts";

export const problemContentType = "application/problem+json";

/** RFC 9457, with our `code`, `request_id` and `errors`. The same object stands in a socket's `error`. */
export type Problem = ProblemObject;

export function problemOf(rejection: Rejection, requestId?: string): Problem {
  const { status, title } = kindOfRejection(rejection.code);
  return {
    type: `urn:problem-type:chat:${rejection.code}`,
    title,
    status,
    detail: rejection.message,
    code: rejection.code,
    ...(requestId === undefined ? {} : { request_id: requestId }),
    ...(rejection.errors.length === 0 ? {} : { errors: [...rejection.errors] }),
  };
}

/** The headers that HTTP asks for beside the problem. */
export function problemHeaders(rejection: Rejection): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { "Content-Type": problemContentType };
  if (rejection.retryAfterSeconds !== undefined)
    headers["Retry-After"] = String(Math.ceil(rejection.retryAfterSeconds));
  if (kindOfRejection(rejection.code).status === 401) headers["WWW-Authenticate"] = challengeOf(rejection.code);
  // RFC 9110 15.5.9: whoever has not sent the rest by now is not waited for, and the connection is good for nothing else.
  if (rejection.code === "request_timeout") headers["Connection"] = "close";
  return headers;
}

/** RFC 6750: the error is named only where a token was sent and has run out; a client then knows to ask for another. */
function challengeOf(code: RejectionCode): string {
  return code === "token_expired" ? 'Bearer realm="chat", error="invalid_token"' : 'Bearer realm="chat"';
}
