/**
 * An expected refusal: the caller asked for something that cannot be done, and hears why.
 *
 * The domain returns it, the edges throw it; either way the edge turns it into an answer with the table below.
 * Everything else that is thrown is a bug or an outage, and is logged as one.
 */
export class Rejection extends Error {
  override readonly name = "Rejection";
  readonly code: RejectionCode;
  /** One entry for each field that is wrong; empty when the refusal is not about fields. */
  readonly errors: readonly FieldError[];
  /** How long to wait before asking again, in seconds; only where asking again can help. */
  readonly retryAfterSeconds: number | undefined;

  /** @param detail one sentence for a person; it is sent to the client, so it holds nothing secret. */
  constructor(code: RejectionCode, detail: string, more: RejectionDetails = {}) {
    super(detail);
    this.code = code;
    this.errors = more.errors ?? [];
    this.retryAfterSeconds = more.retryAfterSeconds ?? kindOfRejection(code).retryAfterSeconds;
  }
}

export interface RejectionDetails {
  readonly errors?: readonly FieldError[];
  readonly retryAfterSeconds?: number;
}

/** A field that is wrong: where it came from, a JSON pointer (RFC 6901) to it, and what it must be. */
export interface FieldError {
  readonly in: "body" | "query" | "header";
  readonly pointer: string;
  readonly detail: string;
}

export type RejectionCode = keyof typeof rejectionKinds;

export interface RejectionKind {
  /** The HTTP status; a command on a socket gets the same number in its `error.status`. */
  readonly status: number;
  readonly title: string;
  readonly meaning: string;
  /** Set where the refusal ends a WebSocket; everywhere else the socket gets an error and stays. */
  readonly closeCode?: number;
  /** The default for `Rejection.retryAfterSeconds`. */
  readonly retryAfterSeconds?: number;
}

/** The closed list of codes. `docs/errors.md` is this table for people; a spec holds the two equal. */
export const rejectionKinds = {
  malformed_request: {
    status: 400,
    title: "Malformed request",
    meaning: "The HTTP message, the URL or the form cannot be parsed.",
  },
  malformed_json: { status: 400, title: "Malformed JSON", meaning: "The body is not JSON." },
  invalid_utf8: { status: 400, title: "Invalid UTF-8", meaning: "The body or the URL is not UTF-8." },
  too_deep: { status: 400, title: "Nested too deeply", meaning: "The JSON is nested more than 32 levels deep." },
  unauthenticated: {
    status: 401,
    title: "Not authenticated",
    meaning: "There is no access token, or it is not one of ours, or its session has ended.",
    closeCode: 4401,
  },
  token_expired: { status: 401, title: "Token expired", meaning: "The access token has run out: log in again." },
  invalid_credentials: {
    status: 401,
    title: "Wrong e-mail or password",
    meaning: "No account has this e-mail and this password.",
  },
  forbidden: {
    status: 403,
    title: "Forbidden",
    meaning: "The caller is a member of the chat, without the right to do this.",
    closeCode: 4403,
  },
  not_found: { status: 404, title: "Not found", meaning: "It does not exist, or it is not the caller's to see." },
  method_not_allowed: {
    status: 405,
    title: "Method not allowed",
    meaning: "The path exists, but not with this method; `Allow` lists those it has.",
  },
  request_timeout: { status: 408, title: "Request timeout", meaning: "The request did not arrive whole in time." },
  conflict: { status: 409, title: "Conflict", meaning: "The request does not fit the state of things." },
  email_taken: { status: 409, title: "E-mail taken", meaning: "Another account has this e-mail." },
  idempotency_conflict: {
    status: 409,
    title: "Key used before",
    meaning: "The idempotency key or `client_message_id` was sent before with another request.",
  },
  private_chat_immutable: {
    status: 409,
    title: "Private chat",
    meaning: "A private chat has two members and no roles: neither changes.",
  },
  last_owner: { status: 409, title: "Last owner", meaning: "A group's last owner must name another before leaving." },
  message_deleted: {
    status: 409,
    title: "Message deleted",
    meaning: "The message was deleted: it cannot be changed any more.",
  },
  payload_too_large: {
    status: 413,
    title: "Payload too large",
    meaning: "The body or frame is larger than 64 KiB, or a file than files may be.",
    closeCode: 1009,
  },
  quota_exceeded: {
    status: 413,
    title: "No room for more files",
    meaning: "One's files are as many, or as large together, as they may be.",
  },
  unsupported_media_type: {
    status: 415,
    title: "Unsupported media type",
    meaning: "The body is of a content type, charset or encoding that this path does not take.",
    closeCode: 1003,
  },
  range_not_satisfiable: {
    status: 416,
    title: "Range not satisfiable",
    meaning: "The file ends before the range begins; `Content-Range` says how long it is.",
  },
  not_owner: {
    status: 421,
    title: "Not the owner",
    meaning: "This instance does not own the chat's partition; surely not done.",
  },
  validation_failed: {
    status: 422,
    title: "Validation failed",
    meaning: "It was parsed, but a field is missing or wrong: see `errors`.",
  },
  too_many_requests: {
    status: 429,
    title: "Too many requests",
    meaning: "More than is served at once; surely not done.",
    closeCode: 4429,
    retryAfterSeconds: 1,
  },
  headers_too_large: {
    status: 431,
    title: "Headers too large",
    meaning: "The request line and headers are larger than 16 KiB.",
  },
  internal: {
    status: 500,
    title: "Internal error",
    meaning: "A bug of ours. The log has the cause under the same `request_id`.",
  },
  outcome_unknown: {
    status: 503,
    title: "Outcome unknown",
    meaning: "It may have happened. Sending the same id or key again is safe and tells.",
    retryAfterSeconds: 1,
  },
  unavailable: {
    status: 503,
    title: "Unavailable",
    meaning: "Something that is needed cannot be reached; surely not done.",
    retryAfterSeconds: 1,
  },
  overloaded: {
    status: 503,
    title: "Overloaded",
    meaning: "Too much waits already; surely not done.",
    closeCode: 1013,
    retryAfterSeconds: 1,
  },
  lagging: {
    status: 503,
    title: "Catching up",
    meaning: "The read models are too far behind the log to decide; surely not done.",
    retryAfterSeconds: 2,
  },
} as const satisfies Record<string, RejectionKind>;

export function kindOfRejection(code: RejectionCode): RejectionKind {
  return rejectionKinds[code];
}
