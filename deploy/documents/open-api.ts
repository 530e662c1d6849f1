import type { TObject } from "typebox";
import { ProblemObject } from "@chat/shared/api/problem-object";
import type { Route } from "@chat/shared/http/define-route";
import { problemContentType } from "@chat/shared/http/problem";
import { kindOfRejection, type RejectionCode } from "@chat/shared/rejection";
import { createNamedSchemas, type NamedSchemas, type PlainSchema } from "./plain-schema.ts";

/** Makes the OpenAPI 3.1 document of all routes: each stands in it under each of its names. */
export function openApiDocument(routes: readonly Route[], version: string): object {
  const schemas = createNamedSchemas("#/components/schemas");
  const problem = {
    description: "A refusal (RFC 9457). Its `code` is one of a closed list: see docs/errors.md.",
    headers: { "Retry-After": { $ref: "#/components/headers/RetryAfter" }, ...limitHeaders },
    content: { [problemContentType]: { schema: schemas.plain(ProblemObject) } },
  };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    for (const path of route.paths) {
      const item = (paths[templateOf(path)] ??= route.underApi ? {} : { servers: [{ url: "/" }] });
      item[route.method.toLowerCase()] = operationOf(route, path, schemas);
    }
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Chat",
      version,
      license: { name: "MIT", identifier: "MIT" },
      description:
        "Commands, reads and accounts. What happens is pushed over a WebSocket: see /asyncapi.json. " +
        "Ids are opaque texts, but user ids, which are decimal numbers.",
    },
    servers: [
      { url: "/api", description: "fields that are not known are refused" },
      { url: "/", description: "the same; fields that are not known are ignored" },
    ],
    tags: tags.map((name) => ({ name })),
    paths: Object.fromEntries(Object.entries(paths).sort(([one], [other]) => (one < other ? -1 : 1))),
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
        query: { type: "apiKey", in: "query", name: "token" },
      },
      responses: { Problem: problem },
      headers,
      schemas: schemas.all(),
    },
  };
}

/** In the order in which one comes to them. */
const tags = ["auth", "users", "chats", "members", "messages", "read", "documents", "health"];

function templateOf(path: string): string {
  return path.replace(/:(\w+)/g, "{$1}");
}

function operationOf(route: Route, path: string, schemas: NamedSchemas): PlainSchema {
  const [first] = route.paths;
  return {
    operationId: `${route.method} ${path}`.toLowerCase().replace(/[^a-z0-9]+/g, "_"),
    summary: route.summary,
    ...(path === first ? {} : { description: `The same as ${templateOf(first)}.` }),
    tags: route.tags,
    security: route.auth === "token" ? [{ bearer: [] }, { query: [] }] : [],
    parameters: [
      ...fieldsOf("path", route.params, schemas),
      ...fieldsOf("query", route.query, schemas),
      ...headersOf(route),
    ],
    ...(route.body === undefined ? {} : { requestBody: bodyOf(route, route.body, schemas) }),
    ...(route.upload === undefined ? {} : { requestBody: filesOf(route.upload) }),
    responses: { ...answersOf(route, schemas), ...problemsOf(route) },
  };
}

function fieldsOf(place: "path" | "query", fields: TObject | undefined, schemas: NamedSchemas): PlainSchema[] {
  const required = new Set<string>(fields?.required ?? []);
  return Object.entries(fields?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: place,
    required: place === "path" || required.has(name),
    schema: schemas.plain(schema),
  }));
}

/** Accounts are no events: nothing of them is in the log. */
const isOfAccounts = ({ auth, tags }: Route): boolean =>
  auth === "none" || tags.includes("auth") || tags.includes("users");

/** What an upload looks like: one file in `file`, or several in `files`. */
function filesOf({ maxFiles }: NonNullable<Route["upload"]>): PlainSchema {
  const binary = { type: "string", contentMediaType: "application/octet-stream" };
  const several = { type: "array", items: binary, minItems: 1, maxItems: maxFiles };
  const properties = { file: binary, ...(maxFiles > 1 ? { files: several } : {}) };
  return { required: true, content: { "multipart/form-data": { schema: { type: "object", properties } } } };
}

const takesKey = (route: Route): boolean => route.method !== "GET" && !isOfAccounts(route);

/** What has its own meaning for every command, and for every read of chats. */
function headersOf(route: Route): PlainSchema[] {
  if (isOfAccounts(route)) return [];
  if (!takesKey(route)) {
    const schema = { type: "string", enum: ["eventual"] };
    const description = "eventual: do not wait for what was acknowledged a moment ago";
    return [{ name: "Chat-Consistency", in: "header", required: false, description, schema }];
  }
  const schema = { type: "string", pattern: "^[\\x21-\\x7e]{1,200}$" };
  const description =
    "the same key again is the same command, for ever, and gets the first answer; a command that changed nothing leaves " +
    "no event to keep its key in, and is decided anew";
  return [{ name: "Idempotency-Key", in: "header", required: false, description, schema }];
}

const contentTypes = {
  json: "application/json",
  form: "application/x-www-form-urlencoded",
} as const;

function bodyOf({ bodyFrom }: Route, body: TObject, schemas: NamedSchemas): PlainSchema {
  const schema = schemas.plain(body);
  const formats = bodyFrom.filter((from) => from !== "query");
  return {
    required: (body.required?.length ?? 0) > 0 && !bodyFrom.includes("query"),
    ...(bodyFrom.includes("query") ? { description: "Without a body, the query's fields stand for it." } : {}),
    content: Object.fromEntries(formats.map((format) => [contentTypes[format], mediaOf(schema)])),
  };
}

/**
 * A schema's examples stand beside it: there every viewer finds them, also those that make one of their own for each choice of a
 * schema, and several can be chosen from. Schemas with a name keep theirs.
 */
function mediaOf({ examples, ...schema }: PlainSchema): PlainSchema {
  if (!Array.isArray(examples)) return { schema };
  const values: readonly unknown[] = examples;
  if (values.length === 1) return { schema, example: values[0] };
  return { schema, examples: Object.fromEntries(values.map((value, index) => [String(index + 1), { value }])) };
}

function answersOf(route: Route, schemas: NamedSchemas): PlainSchema {
  const isRead = route.method === "GET" && !isOfAccounts(route);
  const answers = Object.entries(route.responses).map(
    ([status, { description, schema, contentType }]): [string, PlainSchema] => [
      status,
      {
        description,
        headers: { ...(isRead ? readHeaders : {}), ...limitHeaders },
        ...(schema === undefined ? {} : { content: { [contentTypes.json]: mediaOf(schemas.plain(schema)) } }),
        ...(contentType === undefined ? {} : { content: { [contentType]: {} } }),
      },
    ],
  );
  return Object.fromEntries(answers);
}

const text = { type: "string" };
const readHeaders = {
  "Chat-Position": { description: "what the answer is complete up to; a socket goes on from there", schema: text },
  "Chat-Stale": { description: "true when something that was acknowledged before may be missing", schema: text },
  Link: { description: 'rel="next": the next page', schema: text },
};
/** Absent where no limit was set. */
const limitHeaders = {
  "RateLimit-Policy": { $ref: "#/components/headers/RateLimitPolicy" },
  RateLimit: { $ref: "#/components/headers/RateLimit" },
};
const headers = {
  RateLimit: { description: "what is left of the limit, and for how many seconds", schema: text },
  RateLimitPolicy: { description: "how many calls of this kind one may make in how many seconds", schema: text },
  RetryAfter: { description: "seconds until it is worth while to try again", schema: { type: "integer" } },
};

/** What a call can be refused with: its own reasons, and those that every call of its kind has. */
function problemsOf(route: Route): PlainSchema {
  const codes = new Set<RejectionCode>([...route.rejections, "internal", "unavailable", "overloaded"]);
  // Of any call the query may hold what is no text, and its caller may have called too often.
  if (route.underApi) codes.add("validation_failed").add("too_many_requests");
  const add = (...more: readonly RejectionCode[]): void => more.forEach((code) => codes.add(code));
  if (route.auth === "token") add("unauthenticated", "token_expired");
  if (route.params !== undefined) add("not_found");
  // Where nothing is wanted of a body it is read all the same, for fields that are not known.
  if (route.body !== undefined || (route.method !== "GET" && route.upload === undefined)) {
    add("malformed_json", "invalid_utf8", "too_deep", "payload_too_large", "unsupported_media_type");
  }
  if (route.upload !== undefined) {
    add("malformed_request", "payload_too_large", "quota_exceeded", "unsupported_media_type", "request_timeout");
  }
  if (route.method !== "GET") add("outcome_unknown", "lagging");
  if (takesKey(route)) add("idempotency_conflict");

  const byStatus = Map.groupBy([...codes].sort(), (code) => kindOfRejection(code).status);
  const problems = [...byStatus].map(([status, ofStatus]): [string, PlainSchema] => [
    String(status),
    { $ref: "#/components/responses/Problem", description: ofStatus.map((code) => `\`${code}\``).join(", ") },
  ]);
  return Object.fromEntries(problems.filter(([status]) => !(Number(status) in route.responses)));
}
