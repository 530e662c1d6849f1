import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Static, TObject, TSchema } from "typebox";
import type { Caller } from "../identity/access-token.ts";
import type { RejectionCode } from "../rejection.ts";

/** A schema that was left out types its part of the request as undefined. */
type Fields<S> = S extends TObject ? Static<S> : undefined;

/**
 * One call of the API: where it is, what it takes, what it answers, and the function that does it. The servers mount it,
 * the OpenAPI document is made from it. The schemas are checked before `handle` runs, so it sees typed values only.
 */
export interface RouteDefinition<
  Params extends TObject | undefined = undefined,
  Query extends TObject | undefined = undefined,
  Body extends TObject | undefined = undefined,
  Auth extends "token" | "none" = "token" | "none",
> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** The path of the API document first, then other names of it. `:name` is a parameter. Each is mounted under `/api` as well. */
  readonly path: string | readonly [string, ...string[]];
  readonly summary: string;
  readonly tags?: readonly string[];
  /** "token": the caller is known, or the answer is 401. */
  readonly auth: Auth;
  /** A path whose parameters do not fit names nothing: 404. */
  readonly params?: Params;
  readonly query?: Query;
  /** An empty body is read as `{}`. Without this it must be empty, or `{}`, under `/api`; elsewhere it is not read at all. */
  readonly body?: Body;
  /** The call takes files, as `multipart/form-data`, and reads its body itself. How many at most, for the document. */
  readonly upload?: { readonly maxFiles: number };
  /** How the body may come; JSON only when absent. "query": with an empty body, the query's fields stand for it. */
  readonly bodyFrom?: readonly ("json" | "form" | "query")[];
  readonly responses: Readonly<Record<number, ResponseDefinition>>;
  /** The refusals that are this call's own, for the document; those that any call can give are added there. */
  readonly rejections?: readonly RejectionCode[];
  /** False for what is not part of the API (health, metrics): mounted without `/api` only. */
  readonly underApi?: boolean;
  handle(request: RouteRequest<Fields<Params>, Fields<Query>, Fields<Body>, CallerOf<Auth>>): Promise<Reply> | Reply;
}

export interface ResponseDefinition {
  readonly description: string;
  readonly schema?: TSchema;
  /** For an answer that is no JSON. */
  readonly contentType?: string;
}

type CallerOf<Auth> = Auth extends "token" ? Caller : undefined;

export interface RouteRequest<Params = unknown, Query = unknown, Body = unknown, Who = Caller | undefined> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly caller: Who;
  readonly headers: IncomingHttpHeaders;
  /** `Idempotency-Key`, checked: 1 to 200 printable ASCII characters. */
  readonly idempotencyKey: string | undefined;
  readonly requestId: string;
  /** The other end of the connection: the client, or what stands between. */
  readonly remoteAddress: string | undefined;
  /**
   * Who asks, as far as limits go: an IPv4 address or an IPv6 /64, past the gateway if there is one. A function and no
   * getter: V8 makes a hidden class for each object that has one of its own, and that keeps the request until the next full collection.
   */
  readonly clientAddress: () => string;
  /** For a call that takes files: the body is still in there. */
  readonly incoming: IncomingMessage;
  /** W3C `traceparent` for what is done on behalf of this request. */
  readonly traceParent: string;
}

/** `body`: an object is sent as JSON; a text, Buffer or stream as it is, with the Content-Type that `headers` gives. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A route whose types have done their work: what lists of routes are made of. */
export interface Route {
  readonly method: RouteDefinition["method"];
  readonly paths: readonly [string, ...string[]];
  readonly summary: string;
  readonly tags: readonly string[];
  readonly auth: "token" | "none";
  readonly params: TObject | undefined;
  readonly query: TObject | undefined;
  readonly body: TObject | undefined;
  readonly upload: { readonly maxFiles: number } | undefined;
  readonly bodyFrom: readonly ("json" | "form" | "query")[];
  readonly responses: Readonly<Record<number, ResponseDefinition>>;
  readonly rejections: readonly RejectionCode[];
  readonly underApi: boolean;
  handle(request: RouteRequest): Promise<Reply> | Reply;
}

export function defineRoute<
  Auth extends "token" | "none",
  Params extends TObject | undefined = undefined,
  Query extends TObject | undefined = undefined,
  Body extends TObject | undefined = undefined,
>(definition: RouteDefinition<Params, Query, Body, Auth>): Route {
  const { method, path, summary, auth, params, query, body, responses } = definition;
  return {
    method,
    paths: typeof path === "string" ? [path] : path,
    summary,
    tags: definition.tags ?? [],
    auth,
    params,
    query,
    body,
    upload: definition.upload,
    bodyFrom: definition.bodyFrom ?? ["json"],
    responses,
    rejections: definition.rejections ?? [],
    underApi: definition.underApi ?? true,
    // The mount hands over what it checked against this definition's own schemas; that is what makes the types true.
    handle: (request) => definition.handle(request as Parameters<typeof definition.handle>[0]),
  };
}
