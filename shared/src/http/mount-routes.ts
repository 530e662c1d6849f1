import Router, { type RouterContext } from "@koa/router";
import type { Middleware } from "koa";
import Type from "typebox";
import { Rejection } from "../rejection.ts";
import type { Authenticate } from "./authenticate.ts";
import { type BodyFormat, readBody } from "./body.ts";
import { clientAddress } from "./client-address.ts";
import type { Reply, Route } from "./define-route.ts";
import type { CallKind, Limiting } from "./rate-limits.ts";
import { refuseUnstorableText } from "./parse-json.ts";
import { parseUrlEncoded, type UrlEncoded } from "./url-encoded.ts";
import { compileBody, compileParams, compileQuery, type UnknownFields } from "./validate.ts";

/** Where the API lives; the same calls without it are the seeds' own paths. */
export const API_PREFIX = "/api";

/**
 * Mounts each route twice: under `/api`, where unknown body fields are refused, and without, where they are ignored. Where a call
 * takes no body at all, every field is unknown: under `/api` the body is read to look for them, without it it is not.
 * All schemas are compiled here, once. Routes with fixed paths are tried first, so `/users/me` is never a user named "me".
 */
export function mountRoutes(routes: readonly Route[], authenticate: Authenticate, limiting?: Limiting): Middleware {
  const places = fixedPathsFirst(routes);
  const underApi = createRouters(
    API_PREFIX,
    places.filter(({ route }) => route.underApi),
    (route) => createHandler(route, "refuse", authenticate, limiting),
  );
  const bare = createRouters("", places, (route) => createHandler(route, "ignore", authenticate, limiting));
  return (context, next) => {
    const { path } = context.request;
    const serve = path.startsWith(`${API_PREFIX}/`)
      ? underApi.get(shapeOf(path.slice(API_PREFIX.length)))
      : bare.get(shapeOf(path));
    return serve === undefined ? next() : (serve(context as RouterContext, next) as Promise<unknown>);
  };
}

interface Place {
  readonly route: Route;
  readonly path: string;
}

type Serve = ReturnType<Router["routes"]>;

/**
 * A router for each shape of the routes' paths. A router compares a path with those of all its routes, one after the
 * other: like this they are a handful and not all seventy.
 */
function createRouters(
  prefix: string,
  places: readonly Place[],
  handlerOf: (route: Route) => (context: RouterContext) => Promise<void>,
): ReadonlyMap<string, Serve> {
  const routers = new Map<string, Router>();
  for (const { route, path } of places) {
    if (path.startsWith("/:")) throw new Error(`${path}: a route's first segment is fixed`);
    const shape = shapeOf(path);
    const router = routers.get(shape) ?? new Router({ prefix });
    routers.set(shape, router);
    router.register(path, [route.method], handlerOf(route));
  }
  return new Map([...routers].map(([shape, router]) => [shape, router.routes()]));
}

/**
 * Of `/chats/1/messages` `3chats`: how many segments there are, and the first. Routers do not tell large letters from
 * small ones, nor a path from the same with a slash behind it.
 */
function shapeOf(path: string): string {
  let segments = 1;
  for (let slash = path.indexOf("/", 1); slash > 0 && slash < path.length - 1; slash = path.indexOf("/", slash + 1))
    segments += 1;
  const end = path.indexOf("/", 1);
  return `${segments}${path.slice(1, end < 0 ? path.length : end).toLowerCase()}`;
}

function fixedPathsFirst(routes: readonly Route[]): Place[] {
  const places = routes.flatMap((route) => route.paths.map((path) => ({ route, path })));
  const parameters = (path: string): number => path.split(":").length - 1;
  return places.sort((one, other) => parameters(one.path) - parameters(other.path));
}

/** A call that wants nothing but its path. Whoever sends fields to it all the same believes that they do something. */
const takesNoField = ({ method, upload }: Route): boolean => method !== "GET" && upload === undefined;
const noFields = Type.Object({});

/** Health and metrics are asked by machines of one's own, and are no part of the API. */
function kindOfCall(route: Route): CallKind | undefined {
  if (!route.underApi) return undefined;
  if (route.method === "GET") return "read";
  return route.auth === "none" ? "account" : "command";
}

function createHandler(route: Route, unknownFields: UnknownFields, authenticate: Authenticate, limiting?: Limiting) {
  const kind = kindOfCall(route);
  const validateParams = route.params && compileParams(route.params);
  const validateQuery = route.query && compileQuery(route.query);
  const bodySchema = route.body ?? (takesNoField(route) && unknownFields === "refuse" ? noFields : undefined);
  const validateBody = bodySchema && compileBody(bodySchema, unknownFields);
  const formats = route.bodyFrom.filter((from): from is BodyFormat => from !== "query");
  const bodyMayBeQuery = route.bodyFrom.includes("query");

  return async (context: RouterContext): Promise<void> => {
    const { req } = context;
    const query = queryOf(req.url ?? "");
    // Strangers are turned away before their body takes memory.
    const caller =
      route.auth === "token"
        ? authenticate({ authorization: req.headers.authorization, queryToken: query["token"] })
        : undefined;
    // Parsed only where nobody is known, or who logs in is counted: not for each command of a known caller.
    const address = (): string => clientAddress(req, limiting?.behindProxy ?? false);
    if (limiting !== undefined && kind !== undefined)
      await limiting.limits.take(kind, caller?.userId ?? address(), (headers) => context.set({ ...headers }));
    if (kind === "read") refuseUnknownConsistency(req.headers["chat-consistency"]);
    const params: unknown = validateParams?.(context.params);
    const sent = validateBody === undefined ? undefined : await readBody(req, formats);
    const reply = await route.handle({
      params,
      query: validateQuery?.(query),
      body: validateBody?.(sent === undefined ? (bodyMayBeQuery ? withoutToken(query) : {}) : sent),
      caller,
      headers: req.headers,
      idempotencyKey: idempotencyKeyOf(req.headers["idempotency-key"]),
      requestId: context.state.requestId as string,
      remoteAddress: req.socket.remoteAddress,
      clientAddress: address,
      incoming: req,
      traceParent: context.state.traceParent as string,
    });
    send(context, reply);
  };
}

function queryOf(url: string): UrlEncoded {
  const mark = url.indexOf("?");
  const query = parseUrlEncoded(mark < 0 ? "" : url.slice(mark + 1));
  if (mark >= 0) refuseUnstorableText(query, "query");
  return query;
}

/** `token` says who asks and is never a field of what is asked. */
function withoutToken(query: UrlEncoded): UrlEncoded {
  const { token: _token, ...fields } = query;
  return fields;
}

function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === "string" && /^[\x21-\x7e]{1,200}$/.test(header)) return header;
  throw new Rejection("validation_failed", "The Idempotency-Key must be 1 to 200 printable ASCII characters.", {
    errors: [{ in: "header", pointer: "/idempotency-key", detail: "must be 1 to 200 printable ASCII characters" }],
  });
}

/** A client that has mistyped what it wants would wait, or not, and never know. */
function refuseUnknownConsistency(header: string | string[] | undefined): void {
  if (header === undefined || header === "eventual") return;
  throw new Rejection("validation_failed", "Chat-Consistency is `eventual`, or absent.", {
    errors: [{ in: "header", pointer: "/chat-consistency", detail: "must be eventual, or absent" }],
  });
}

/** By way of `response`: what a context hands on to it is set through a name that V8 looks up each time anew. */
function send({ response }: RouterContext, { status, body, headers }: Reply): void {
  response.status = status;
  if (headers !== undefined) response.set(headers);
  if (body === undefined) {
    // Null would make Koa change the status to 204.
    response.body = "";
    response.remove("Content-Type");
  } else if (isPlain(body)) {
    response.type = "application/json; charset=utf-8";
    response.body = JSON.stringify(body);
  } else response.body = body;
}

/** Neither a text, nor bytes, nor a stream: something to make JSON of. */
function isPlain(body: unknown): boolean {
  return (
    typeof body !== "string" && !Buffer.isBuffer(body) && !(typeof body === "object" && body !== null && "pipe" in body)
  );
}
