import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createAuthenticate } from "@chat/shared/http/authenticate";
import type { Route } from "@chat/shared/http/define-route";
import type { UserId } from "@chat/shared/ids";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { type Answer, type TestServer, withHttpServer } from "@chat/shared/testing/http-server";
import { allRoutes } from "./all-routes.ts";

const tokens = createAccessTokens({ secret: "a secret of more than thirty-two bytes", lifetimeSeconds: 600 });
const token = tokens.sign({ userId: "7" as UserId, sessionId: "s" });
const chat = "0197a3c0-0000-7000-8000-000000000001";
const places: Readonly<Record<string, string>> = {
  chat_id: chat,
  message_id: `${chat}.1`,
  user_id: "8",
  session_id: "0197a3c0-0000-4000-8000-000000000002",
};

/** All that a body may be sent to; who gets past the mount has nothing more to do. */
const routes: readonly Route[] = allRoutes().map((route) => ({ ...route, handle: () => ({ status: 204 }) }));
const calls = routes
  .filter(({ method, upload }) => method !== "GET" && upload === undefined)
  .flatMap((route) => route.paths.map((path) => ({ name: `${route.method} ${path}`, route, path })));

describe("a field that nobody knows", () => {
  let server: TestServer;
  let over: () => void;
  let ended: Promise<void>;

  beforeAll(async () => {
    const ready = Promise.withResolvers<TestServer>();
    const done = Promise.withResolvers<undefined>();
    over = () => done.resolve(undefined);
    ended = withHttpServer({ routes, authenticate: createAuthenticate(tokens) }, async (running) => {
      ready.resolve(running);
      await done.promise;
    });
    ended.catch(ready.reject);
    server = await ready.promise;
  });

  afterAll(async () => {
    over();
    await ended;
  });

  it.each(calls)("is refused under /api and ignored elsewhere: $name", async ({ route, path }) => {
    const under = await ask(route, `/api${path}`, "surprise");
    expect({ status: under.status, unknown: namesIn(under).includes("/surprise") }).toEqual({
      status: 422,
      unknown: true,
    });
    const elsewhere = await ask(route, path, "surprise");
    // What it wants may be missing all the same.
    expect([204, 422]).toContain(elsewhere.status);
    expect(namesIn(elsewhere)).not.toContain("/surprise");
  });

  it.each(calls.filter(({ route }) => route.body === undefined))(
    "is none in an empty body, nor in an empty object: $name",
    async ({ route, path }) => {
      for (const sent of ["", "{}"]) {
        expect((await send(route, `/api${path}`, "application/json", sent)).status).toBe(204);
      }
    },
  );

  function ask(route: Route, path: string, field: string): Promise<Answer> {
    const isForm = !route.bodyFrom.includes("json");
    const type = isForm ? "application/x-www-form-urlencoded" : "application/json";
    const body = isForm ? `${field}=1` : JSON.stringify({ [field]: 1 });
    return send(route, path, type, body);
  }

  function send({ method }: Route, path: string, type: string, body: string): Promise<Answer> {
    // Node says by itself how long a body is, but of a DELETE.
    const length = String(Buffer.byteLength(body));
    const headers = { authorization: `Bearer ${token}`, "content-type": type, "content-length": length };
    return server.send(method, placed(path), { headers, body });
  }
});

const placed = (path: string): string =>
  path.replaceAll(/:(\w+)/g, (_whole, name: string) => places[name] ?? "nothing");

function namesIn({ json }: Answer): readonly string[] {
  const { errors = [] } = (json ?? {}) as { readonly errors?: readonly { readonly pointer: string }[] };
  return errors.map(({ pointer }) => pointer);
}
