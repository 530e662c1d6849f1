import { describe, expect, it } from "@jest/globals";
import Type from "typebox";
import { createAccessTokens } from "../identity/access-token.ts";
import type { UserId } from "../ids.ts";
import { type SentRequest, withHttpServer } from "../testing/http-server.ts";
import { createAuthenticate } from "./authenticate.ts";
import { defineRoute, type Route } from "./define-route.ts";
import { textField, userIdField } from "./fields.ts";

const tokens = createAccessTokens({ secret: "a secret of more than thirty-two bytes", lifetimeSeconds: 60 });
const token = tokens.sign({ userId: "7" as UserId, sessionId: "s" });
const authorization = { Authorization: `Bearer ${token}` };
const json = { ...authorization, "Content-Type": "application/json" };

/** What handlers were given: bad input must leave it empty. */
const handled: unknown[] = [];

const routes: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: ["/notes/:user", "/note/:user"],
    summary: "A route with everything in it",
    auth: "token",
    params: Type.Object({ user: userIdField() }),
    query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })) }),
    body: Type.Object({
      text: textField({ minLength: 1, maxUtf8Bytes: 16_384 }),
      count: Type.Optional(Type.Integer()),
    }),
    responses: { 201: { description: "The note" } },
    handle({ params, query, body, caller, idempotencyKey }) {
      const note = { user: params.user, limit: query.limit, text: body.text, by: caller.userId, key: idempotencyKey };
      handled.push(note);
      return { status: 201, body: note };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/notes/:user",
    summary: "A read",
    auth: "token",
    responses: { 200: { description: "The notes" } },
    handle({ headers }) {
      handled.push(headers);
      return { status: 200, body: { consistency: headers["chat-consistency"] } };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/login",
    summary: "A route that takes forms",
    auth: "none",
    body: Type.Object({ email: Type.String(), token: Type.Optional(Type.String()) }),
    bodyFrom: ["json", "form", "query"],
    responses: { 200: { description: "What came" } },
    handle({ body }) {
      handled.push(body);
      return { status: 200, body };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/broken",
    summary: "A route with a bug",
    auth: "none",
    responses: {},
    handle: () => Promise.reject(new TypeError("a secret of the inside")),
  }),
];

const options = { routes, authenticate: createAuthenticate(tokens) };
const text = (body: string): SentRequest => ({ headers: json, body });
const typed = (type: string, body = '{"text":"hi"}'): SentRequest => ({
  headers: { ...authorization, "Content-Type": type },
  body,
});
const bearer = (header: string): SentRequest => ({
  headers: { ...json, Authorization: header },
  body: '{"text":"hi"}',
});

interface BadRequest {
  readonly what: string;
  readonly sent?: SentRequest;
  readonly method?: string;
  readonly path?: string;
  readonly status: number;
  readonly code: string;
  readonly pointer?: string;
}

const table: readonly BadRequest[] = [
  { what: "broken JSON", sent: text('{"text":'), status: 400, code: "malformed_json" },
  { what: "two values", sent: text("{}{}"), status: 400, code: "malformed_json" },
  {
    what: "bad UTF-8",
    sent: { headers: json, body: Buffer.from([0x22, 0xff, 0x22]) },
    status: 400,
    code: "invalid_utf8",
  },
  { what: "a depth of 33", sent: text("[".repeat(33)), status: 400, code: "too_deep" },
  { what: "a depth of 60,000", sent: text("[".repeat(60_000)), status: 400, code: "too_deep" },
  { what: "a depth of 100,000", sent: text("[".repeat(100_000)), status: 413, code: "payload_too_large" },
  { what: "a body of 20 MB", sent: text(`"${"x".repeat(20_000_000)}"`), status: 413, code: "payload_too_large" },
  {
    what: "a body of 20 MB without a length",
    sent: { headers: { ...json, "Transfer-Encoding": "chunked" }, body: "x".repeat(20_000_000) },
    status: 413,
    code: "payload_too_large",
  },
  { what: "JSON sent as text/html", sent: typed("text/html"), status: 415, code: "unsupported_media_type" },
  {
    what: "JSON sent as nothing",
    sent: { headers: authorization, body: "{}" },
    status: 415,
    code: "unsupported_media_type",
  },
  {
    what: "JSON in UTF-16",
    sent: typed("application/json; charset=utf-16"),
    status: 415,
    code: "unsupported_media_type",
  },
  {
    what: "a form where JSON belongs",
    sent: typed("application/x-www-form-urlencoded", "text=hi"),
    status: 415,
    code: "unsupported_media_type",
  },
  {
    what: "a compressed body",
    sent: { headers: { ...json, "Content-Encoding": "gzip" }, body: "{}" },
    status: 415,
    code: "unsupported_media_type",
  },
  { what: "no body", sent: { headers: json }, status: 422, code: "validation_failed", pointer: "/text" },
  { what: "a missing field", sent: text("{}"), status: 422, code: "validation_failed", pointer: "/text" },
  { what: "null for an object", sent: text("null"), status: 422, code: "validation_failed", pointer: "" },
  { what: "a number for a text", sent: text('{"text":5}'), status: 422, code: "validation_failed", pointer: "/text" },
  {
    what: "an unknown field",
    sent: text('{"text":"hi","admin":1}'),
    status: 422,
    code: "validation_failed",
    pointer: "/admin",
  },
  {
    what: "a __proto__",
    sent: text('{"text":"hi","__proto__":{"count":1}}'),
    status: 422,
    code: "validation_failed",
    pointer: "/__proto__",
  },
  {
    what: "a text with NUL",
    sent: text('{"text":"a\\u0000"}'),
    status: 422,
    code: "validation_failed",
    pointer: "/text",
  },
  {
    what: "a lone surrogate",
    sent: text('{"text":"\\ud83d"}'),
    status: 422,
    code: "validation_failed",
    pointer: "/text",
  },
  {
    what: "a text that is too long",
    sent: text(`{"text":"${"я".repeat(8_193)}"}`),
    status: 422,
    code: "validation_failed",
    pointer: "/text",
  },
  { what: "limit=101", path: "/notes/7?limit=101", status: 422, code: "validation_failed", pointer: "/limit" },
  {
    what: "limit given twice",
    path: "/notes/7?limit=1&limit=2",
    status: 422,
    code: "validation_failed",
    pointer: "/limit",
  },
  { what: "NUL in the query", path: "/notes/7?x=%00", status: 422, code: "validation_failed", pointer: "/x" },
  { what: "bad UTF-8 in the query", path: "/notes/7?x=%ff", status: 400, code: "invalid_utf8" },
  { what: "half an escape in the query", path: "/notes/7?x=%f", status: 400, code: "malformed_request" },
  { what: "a path that names nothing", path: "/notes/me", status: 404, code: "not_found" },
  { what: "NUL in the path", path: "/notes/7%00", status: 404, code: "not_found" },
  { what: "bad UTF-8 in the path", path: "/notes/%ff", status: 404, code: "not_found" },
  { what: "a path that is not there", path: "/nothing", status: 404, code: "not_found" },
  { what: "a way up the folders", path: "/notes/../../etc/passwd", status: 404, code: "not_found" },
  { what: "another method", method: "DELETE", sent: { headers: json }, status: 405, code: "method_not_allowed" },
  {
    what: "a key with a space",
    sent: { headers: { ...json, "Idempotency-Key": "a b" }, body: '{"text":"hi"}' },
    status: 422,
    code: "validation_failed",
    pointer: "/idempotency-key",
  },
  ...["AAA", "Eventual", "eventual, eventual", ""].map((consistency) => ({
    what: `a Chat-Consistency that there is not, "${consistency}"`,
    method: "GET",
    sent: { headers: { ...authorization, "Chat-Consistency": consistency } },
    status: 422,
    code: "validation_failed",
    pointer: "/chat-consistency",
  })),
  {
    what: "no token",
    sent: { headers: { "Content-Type": "application/json" }, body: "{}" },
    status: 401,
    code: "unauthenticated",
  },
  { what: "a token of nobody", sent: bearer("Bearer x.y.z"), status: 401, code: "unauthenticated" },
  { what: "a token of 8 KB", sent: bearer(`Bearer ${"x".repeat(8_000)}`), status: 401, code: "unauthenticated" },
  { what: "another scheme", sent: bearer(`Basic ${token}`), status: 401, code: "unauthenticated" },
  {
    what: "a token in the header and a body too large",
    sent: { headers: { ...json, Authorization: "Bearer x" }, body: "x".repeat(1_000_000) },
    status: 401,
    code: "unauthenticated",
  },
  {
    what: "headers of 20 KB",
    sent: { headers: { ...json, "X-Long": "x".repeat(20_000) } },
    status: 431,
    code: "headers_too_large",
  },
];

describe("bad input", () => {
  it.each(table)(
    "gets its problem and reaches no handler: $what",
    async ({ what: _what, sent, method, path, ...expected }) => {
      handled.length = 0;
      await withHttpServer(options, async ({ send }) => {
        const answer = await send(method ?? "POST", `/api${path ?? "/notes/7"}`, sent ?? text('{"text":"hi"}'));

        expect(answer.status).toBe(expected.status);
        expect(answer.headers["content-type"]).toBe("application/problem+json");
        expect(answer.json).toMatchObject({ status: expected.status, code: expected.code });
        expect((answer.json as { errors?: { pointer: string }[] }).errors?.map(({ pointer }) => pointer)).toEqual(
          expected.pointer === undefined ? undefined : [expected.pointer],
        );
        expect(answer.headers["www-authenticate"] !== undefined).toBe(expected.status === 401);
      });
      expect(handled).toEqual([]);
    },
  );

  it("that a bug of ours makes is a 500 that tells nothing of the inside", async () => {
    await withHttpServer(options, async ({ send }) => {
      const answer = await send("GET", "/broken", { headers: { "X-Request-Id": "mine-1" } });

      expect(answer.json).toMatchObject({ status: 500, code: "internal", request_id: "mine-1" });
      expect(answer.text).not.toContain("secret");
    });
  });

  it("leaves the connection and the server as they were", async () => {
    await withHttpServer(options, async ({ send }) => {
      await send("POST", "/api/notes/7", text("x".repeat(5_000_000)));

      expect(await send("POST", "/api/notes/7", text('{"text":"hi"}'))).toMatchObject({ status: 201 });
    });
  });
});

describe("good input", () => {
  it.each(["/api/notes/7", "/notes/7", "/api/note/7", "/note/7"])("is the same under %s", async (path) => {
    await withHttpServer(options, async ({ send }) => {
      const headers = { ...json, "Idempotency-Key": "k-1" };
      const answer = await send("POST", `${path}?limit=5&other=1`, { headers, body: '{"text":"привет 🙂"}' });

      expect(answer).toMatchObject({
        status: 201,
        json: { user: "7", limit: 5, text: "привет 🙂", by: "7", key: "k-1" },
      });
      expect(answer.headers).toMatchObject({
        "content-type": "application/json; charset=utf-8",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-site",
        "x-permitted-cross-domain-policies": "none",
      });
    });
  });

  it.each(["/api/notes/7", "/notes/7"])("may read without waiting, under %s", async (path) => {
    await withHttpServer(options, async ({ send }) => {
      const headers = { ...authorization, "Chat-Consistency": "eventual" };
      expect(await send("GET", path, { headers })).toMatchObject({ status: 200, json: { consistency: "eventual" } });
    });
  });

  it("may have fields that nobody knows, outside of /api", async () => {
    await withHttpServer(options, async ({ send }) => {
      const answer = await send("POST", "/notes/7", text('{"text":"hi","admin":1,"__proto__":{"count":1}}'));

      expect(answer.json).toEqual({ user: "7", text: "hi", by: "7" });
    });
  });

  it("may carry its token in the query", async () => {
    await withHttpServer(options, async ({ send }) => {
      const sent = { headers: { "Content-Type": "application/json" }, body: '{"text":"hi"}' };

      expect((await send("POST", `/api/notes/7?token=${token}`, sent)).status).toBe(201);
    });
  });

  it.each([
    ["JSON", "", { headers: { "Content-Type": "application/json; charset=UTF-8" }, body: '{"email":"a+b@c.d"}' }],
    ["a form", "", { headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: "email=a%2Bb%40c.d" }],
    ["a query", "?email=a%2Bb@c.d&token=not-a-field", {}],
  ])("may be %s where the route says so", async (_what, query, sent) => {
    await withHttpServer(options, async ({ send }) => {
      expect((await send("POST", `/api/login${query}`, sent)).json).toEqual({ email: "a+b@c.d" });
    });
  });
});
