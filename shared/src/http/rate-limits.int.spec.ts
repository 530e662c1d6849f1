import { describe, expect, it } from "@jest/globals";
import { createAccessTokens } from "../identity/access-token.ts";
import { type TestServer, withHttpServer } from "../testing/http-server.ts";
import { createAuthenticate } from "./authenticate.ts";
import { defineRoute } from "./define-route.ts";
import { createRateLimits } from "./rate-limits.ts";

const tokens = createAccessTokens({ secret: "x".repeat(32), lifetimeSeconds: 60 });
const bearer = (userId: string): Record<string, string> => ({
  Authorization: `Bearer ${tokens.sign({ userId: userId as never, sessionId: "s" })}`,
});

const page = "https://chat.example.com";
const answers = { responses: { 200: { description: "It was let through" } }, handle: () => ({ status: 200 }) };
const routes = [
  defineRoute({ method: "GET", path: "/thing", summary: "Reads", auth: "token", ...answers }),
  defineRoute({ method: "POST", path: "/thing", summary: "Changes", auth: "token", ...answers }),
  defineRoute({ method: "POST", path: "/register", summary: "Begins", auth: "none", ...answers }),
  defineRoute({ method: "GET", path: "/health", summary: "Lives", auth: "none", underApi: false, ...answers }),
];

function withLimits(behindProxy: boolean, use: (server: TestServer) => Promise<void>): Promise<void> {
  const limits = createRateLimits({ read: 3, command: 2, account: 1 });
  return withHttpServer({ routes, authenticate: createAuthenticate(tokens), limiting: { limits, behindProxy } }, use);
}

describe("a caller over the limit", () => {
  it("hears 429, when to go on, and what the limit is; others go on", () =>
    withLimits(false, async ({ send }) => {
      const first = await send("POST", "/thing", { headers: bearer("1") });
      expect([first.status, first.headers["ratelimit-policy"]]).toEqual([200, '"command";q=2;w=60']);
      await send("POST", "/api/thing", { headers: bearer("1") });

      const refused = await send("POST", "/thing", { headers: bearer("1") });
      expect(refused.status).toBe(429);
      expect(refused.json).toMatchObject({ code: "too_many_requests", status: 429 });
      expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
      expect(refused.headers["ratelimit"]).toMatch(/^"command";r=0;t=\d+$/);

      expect((await send("GET", "/thing", { headers: bearer("1") })).status).toBe(200);
      expect((await send("POST", "/thing", { headers: bearer("2") })).status).toBe(200);
    }));

  it("is told by the address as long as nobody is known, which only a gateway may name", async () => {
    const from = (address: string) => ({ headers: { "X-Forwarded-For": `198.51.100.1, ${address}` } });
    await withLimits(false, async ({ send }) => {
      expect((await send("POST", "/register", from("10.0.0.1"))).status).toBe(200);
      expect((await send("POST", "/register", from("10.0.0.2"))).status).toBe(429);
    });
    await withLimits(true, async ({ send }) => {
      expect((await send("POST", "/register", from("10.0.0.1"))).status).toBe(200);
      expect((await send("POST", "/register", from("10.0.0.2"))).status).toBe(200);
      expect((await send("POST", "/register", from("10.0.0.2"))).status).toBe(429);
    });
  });

  it("that is a page of another origin may read all that it is told: a browser shows it what is exposed, and no more", async () => {
    const limiting = { limits: createRateLimits({ read: 0, command: 1, account: 0 }), behindProxy: false };
    const options = { routes, authenticate: createAuthenticate(tokens), limiting, allowedOrigins: [page] };
    await withHttpServer(options, async ({ send }) => {
      const headers = { ...bearer("1"), Origin: page };
      const answers = [await send("POST", "/thing", { headers }), await send("POST", "/thing", { headers })];
      expect(answers.map(({ status }) => status)).toEqual([200, 429]);
      const told = ["ratelimit", "ratelimit-policy", "retry-after", "x-request-id"];
      expect(Object.keys(answers[1]?.headers ?? {})).toEqual(expect.arrayContaining(told));
      for (const { headers: answered } of answers) {
        const exposed = String(answered["access-control-expose-headers"]).toLowerCase().split(", ");
        expect(exposed).toEqual(expect.arrayContaining([...told, "chat-position", "chat-stale", "location", "link"]));
      }
    });
  });

  it("is never a machine that asks for the health", () =>
    withLimits(false, async ({ send }) => {
      for (let call = 0; call < 10; call += 1) expect((await send("GET", "/health")).status).toBe(200);
    }));
});
