import { createAuthenticate } from "@chat/shared/http/authenticate";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { createLogger } from "@chat/shared/telemetry/logger";
import { eventually } from "@chat/shared/testing/eventually";
import { type Answer, type SentRequest, type TestServer, withHttpServer } from "@chat/shared/testing/http-server";
import { createSpecDatabase } from "@chat/shared/testing/with-postgres";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Knex } from "knex";
import { connectAccounts } from "../identity/connect-accounts.ts";
import { createIdentity, type IdentityDependencies } from "../identity/identity.ts";
import { createLoginThrottle } from "../identity/login-throttle.ts";
import { createPasswords } from "../identity/passwords.ts";
import { identityMigrations } from "../migrations.ts";
import { authRoutes } from "./auth.ts";
import { userRoutes } from "./users.ts";

let database: Awaited<ReturnType<typeof createSpecDatabase>>;
let db: Knex;

beforeAll(async () => {
  database = await createSpecDatabase({ migrations: [identityMigrations] });
  db = connectAccounts(database.url, createLogger({ service: "spec", level: "silent" }));
});

afterAll(async () => {
  await db.destroy();
  await database.drop();
});

const tokens = createAccessTokens({ secret: "a secret of more than thirty-two bytes", lifetimeSeconds: 1_800 });

async function withIdentity(
  use: (server: TestServer) => Promise<void>,
  changes: Partial<IdentityDependencies> = {},
): Promise<void> {
  const identity = createIdentity({
    db,
    tokens,
    passwords: createPasswords(),
    throttle: createLoginThrottle(),
    ...changes,
  });
  const routes = [...authRoutes(identity), ...userRoutes(identity)];
  await withHttpServer({ routes, authenticate: createAuthenticate(tokens) }, use);
}

const json = (body: object, headers: Record<string, string> = {}): SentRequest => ({
  headers: { "Content-Type": "application/json", ...headers },
  body: JSON.stringify(body),
});
const form = (fields: Record<string, string>): SentRequest => ({
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
  body: new URLSearchParams(fields).toString(),
});
const password = "password123";
const tokenOf = (answer: Answer): string => (answer.json as { access_token: string }).access_token;

describe("registering", () => {
  it.each(["/api/auth/register", "/auth/register", "/api/register", "/register"])(
    "at %s makes an account that is logged in",
    async (path) => {
      await withIdentity(async ({ send }) => {
        const email = `at${path.replaceAll("/", ".")}@example.com`;
        const answer = await send(
          "POST",
          path,
          json({ email, password, name: "Alice", city: "Kyiv", avatar: "http://x/y.png" }),
        );

        expect(answer.status).toBe(201);
        expect(answer.json).toEqual({
          id: expect.stringMatching(/^[1-9]\d*$/),
          email,
          name: "Alice",
          city: "Kyiv",
          avatar: null,
          access_token: expect.any(String),
          token_type: "bearer",
          expires_in: 1_800,
          refresh_token: expect.stringMatching(/^[\w-]{43}$/),
        });
        expect(tokens.verify(tokenOf(answer)).userId).toBe((answer.json as { id: string }).id);
      });
    },
  );

  it("names who gives no name after the e-mail, and takes username for name", async () => {
    await withIdentity(async ({ send }) => {
      const nameless = await send("POST", "/api/register", json({ email: "no.name@example.com", password }));
      const named = await send(
        "POST",
        "/api/register",
        json({ email: "named@example.com", password, username: "Боб" }),
      );

      expect(nameless.json).toMatchObject({ name: "no.name", city: null });
      expect(named.json).toMatchObject({ name: "Боб" });
    });
  });

  it("refuses an e-mail that is taken, in whatever spelling", async () => {
    await withIdentity(async ({ send }) => {
      await send("POST", "/register", json({ email: "Taken@Example.com", password }));

      const again = await send("POST", "/register", json({ email: " TAKEN@example.COM ", password }));
      expect(again.json).toMatchObject({ status: 409, code: "email_taken" });
    });
  });

  it.each([
    [{ password }, "/email"],
    [{ email: "x@example.com" }, "/password"],
    [{ email: "nobody", password }, "/email"],
    [{ email: "a@b@example.com", password }, "/email"],
    [{ email: "a@localhost", password }, "/email"],
    [{ email: `${"x".repeat(250)}@example.com`, password }, "/email"],
    [{ email: "x@example.com", password: "short" }, "/password"],
    [{ email: "x@example.com", password: "x".repeat(257) }, "/password"],
    [{ email: "x@example.com", password, name: "  " }, "/name"],
    [{ email: "x@example.com", password, name: "a\0" }, "/name"],
    [{ email: ["x@example.com"], password }, "/email"],
    [{ email: "x@example.com", password, is_admin: true }, "/is_admin"],
  ])("refuses %j", async (body, pointer) => {
    await withIdentity(async ({ send }) => {
      const answer = await send("POST", "/api/auth/register", json(body));

      expect(answer.json).toMatchObject({ status: 422, code: "validation_failed", errors: [{ pointer }] });
    });
  });

  it("ignores fields that it does not know, without the prefix", async () => {
    await withIdentity(async ({ send }) => {
      const answer = await send("POST", "/register", json({ email: "unknown@example.com", password, is_admin: true }));

      expect(answer.status).toBe(201);
    });
  });
});

describe("logging in", () => {
  const email = "carol@example.com";
  beforeAll(async () => {
    await withIdentity(async ({ send }) => {
      await send("POST", "/register", json({ email, password, name: "Carol" }));
    });
  });

  it.each([
    ["JSON", "/api/auth/login", json({ email, password })],
    ["a form", "/login", form({ email, password })],
    ["a query", `/login?email=${encodeURIComponent(email)}&password=${password}`, {}],
    ["another spelling", "/api/login", json({ email: "CAROL@example.com", password })],
  ])("works with %s, and opens a session each time", async (_what, path, sent) => {
    await withIdentity(async ({ send }) => {
      const [one, other] = [await send("POST", path, sent), await send("POST", path, sent)];

      expect(one).toMatchObject({
        status: 200,
        json: { email, name: "Carol", token_type: "bearer", expires_in: 1_800 },
      });
      expect(tokens.verify(tokenOf(one)).sessionId).not.toBe(tokens.verify(tokenOf(other)).sessionId);
    });
  });

  it("works with the form of OAuth2 at /token, which answers a token and no profile", async () => {
    await withIdentity(async ({ send }) => {
      const answer = await send(
        "POST",
        "/api/token",
        form({ grant_type: "password", username: email, password, scope: "" }),
      );

      expect(answer.status).toBe(200);
      expect(answer.json).toEqual({
        access_token: expect.any(String),
        token_type: "bearer",
        expires_in: 1_800,
        refresh_token: expect.any(String),
      });
    });
  });

  it("at /token takes a form only", async () => {
    await withIdentity(async ({ send }) => {
      expect((await send("POST", "/token", json({ username: email, password }))).status).toBe(415);
    });
  });

  it("answers a wrong e-mail and a wrong password with one and the same 401", async () => {
    await withIdentity(async ({ send }) => {
      const answers = [
        await send("POST", "/api/login", json({ email: "nobody@example.com", password })),
        await send("POST", "/api/login", json({ email, password: "password124" })),
        await send("POST", "/api/login", json({ email: "no address", password: "" })),
        await send("POST", "/api/token", form({ username: email, password: "wrong" })),
      ];

      for (const answer of answers) {
        expect(answer.json).toEqual({ ...(answers[0]?.json as object), request_id: answer.headers["x-request-id"] });
        expect(answer.json).toMatchObject({ status: 401, code: "invalid_credentials" });
        expect(answer.headers["www-authenticate"]).toBe('Bearer realm="chat"');
      }
    });
  });

  it("answers 429 and when to come back, once too many wait", async () => {
    await withIdentity(
      async ({ send }) => {
        const answers = await Promise.all(
          Array.from({ length: 10 }, () => send("POST", "/login", json({ email, password }))),
        );
        const refused = answers.filter(({ status }) => status === 429);

        expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
        expect(refused.length).toBeGreaterThan(0);
        expect(refused[0]?.json).toMatchObject({ code: "too_many_requests" });
        expect(refused[0]?.headers["retry-after"]).toBe("1");
      },
      { passwords: createPasswords({ atOnce: 1, maxWaiting: 1 }) },
    );
  });
});

describe("one's own profile", () => {
  it("changes in what is named and keeps the rest", async () => {
    await withIdentity(async ({ send }) => {
      const registered = await send("POST", "/register", json({ email: "dan@example.com", password, city: "Kyiv" }));
      const Authorization = `Bearer ${tokenOf(registered)}`;
      const patch = (body: object) => send("PATCH", "/api/users/me", json(body, { Authorization }));

      expect(await patch({ name: "Dan" })).toMatchObject({ status: 200, json: { name: "Dan", city: "Kyiv" } });
      expect(await patch({ city: null })).toMatchObject({ status: 200, json: { name: "Dan", city: null } });
      expect(await patch({})).toMatchObject({ status: 200, json: { name: "Dan", email: "dan@example.com" } });
      expect(await patch({ email: "new@example.com" })).toMatchObject({ status: 422 });
    });
  });

  it("is not a stranger's to change", async () => {
    await withIdentity(async ({ send }) => {
      expect((await send("PATCH", "/api/users/me", json({ name: "x" }))).status).toBe(401);
    });
  });
});

describe("a database that is away", () => {
  it("is a 503 that says when to come back, and no bug", async () => {
    const url = new URL(database.url);
    url.host = "127.0.0.1";
    url.port = "1";
    url.searchParams.delete("host");
    const nowhere = connectAccounts(url.href, createLogger({ service: "spec", level: "silent" }));
    await withIdentity(
      async ({ send }) => {
        const answer = await send("POST", "/login", json({ email: "x@example.com", password }));

        expect(answer.json).toMatchObject({ status: 503, code: "outcome_unknown" });
        expect(answer.headers["retry-after"]).toBe("1");
      },
      { db: nowhere },
    );
    await nowhere.destroy();
  });

  it("is used again as soon as it is back", async () => {
    await withIdentity(async ({ send }) => {
      await send("POST", "/register", json({ email: "eve@example.com", password }));
      await database.pool.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'command-api identity'",
      );

      await eventually(async () => {
        expect(await send("POST", "/login", json({ email: "eve@example.com", password }))).toMatchObject({
          status: 200,
        });
      });
    });
  });
});
