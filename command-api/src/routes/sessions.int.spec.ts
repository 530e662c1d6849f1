import { createAuthenticate } from "@chat/shared/http/authenticate";
import { createRateLimits } from "@chat/shared/http/rate-limits";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { newOpaqueToken } from "@chat/shared/identity/opaque-token";
import { createRevokedSessionList, refuseRevoked, type RevokedSessions } from "@chat/shared/identity/revoked-sessions";
import { createLogger } from "@chat/shared/telemetry/logger";
import { type Answer, type TestServer, withHttpServer } from "@chat/shared/testing/http-server";
import { eventually } from "@chat/shared/testing/eventually";
import { createSpecDatabase } from "@chat/shared/testing/with-postgres";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Knex } from "knex";
import { connectAccounts } from "../identity/connect-accounts.ts";
import { createIdentity } from "../identity/identity.ts";
import { createLoginThrottle } from "../identity/login-throttle.ts";
import { createPasswords } from "../identity/passwords.ts";
import { GRACE_SECONDS } from "../identity/refresh-tokens.ts";
import { createSessions } from "../identity/sessions.ts";
import { TICKET_SECONDS } from "../identity/ws-tickets.ts";
import { identityMigrations } from "../migrations.ts";
import { authRoutes } from "./auth.ts";
import { sessionRoutes } from "./sessions.ts";
import { userRoutes } from "./users.ts";

jest.setTimeout(60_000);

const log = createLogger({ service: "spec", level: "silent" });
const signing = createAccessTokens({ secret: "a secret of more than thirty-two bytes", lifetimeSeconds: 1_800 });
const password = "password123";

let database: Awaited<ReturnType<typeof createSpecDatabase>>;
let db: Knex;

beforeAll(async () => {
  database = await createSpecDatabase({ migrations: [identityMigrations] });
  db = connectAccounts(database.url, log);
});

afterAll(async () => {
  await db.destroy();
  await database.drop();
});

interface Device {
  readonly userId: string;
  readonly email: string;
  readonly sessionId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

interface Api {
  readonly revoked: RevokedSessions;
  register(userAgent?: string): Promise<Device>;
  logIn(email: string, asked?: { password?: string; userAgent?: string; address?: string }): Promise<Answer>;
  refresh(token: unknown, userAgent?: string): Promise<Answer>;
  call(method: string, path: string, accessToken: string, body?: object, address?: string): Promise<Answer>;
  /** Whether an access token is good for anything. */
  isAccepted(accessToken: string): Promise<boolean>;
}

let people = 0;
const from = (address?: string): Record<string, string> =>
  address === undefined ? {} : { "X-Forwarded-For": address };

async function withApi(use: (api: Api) => Promise<void>): Promise<void> {
  const passwords = createPasswords();
  const revoked = createRevokedSessionList({ tokenLifetimeSeconds: signing.lifetimeSeconds });
  const tokens = refuseRevoked(signing, revoked);
  const throttle = createLoginThrottle();
  const identity = createIdentity({ db, tokens, passwords, throttle });
  const sessions = createSessions({ db, tokens, passwords, throttle, revoked, log });
  const routes = [...authRoutes(identity), ...sessionRoutes(sessions), ...userRoutes(identity)];
  // So that a request can say from which address it comes.
  const limiting = { limits: createRateLimits({ read: 0, command: 0, account: 0 }), behindProxy: true };
  await withHttpServer({ routes, authenticate: createAuthenticate(tokens), limiting }, async ({ send }) => {
    const post = (path: string, body: object, userAgent = "a browser", headers = {}): ReturnType<TestServer["send"]> =>
      send("POST", path, {
        headers: { "Content-Type": "application/json", "User-Agent": userAgent, ...headers },
        body: JSON.stringify(body),
      });
    const call: Api["call"] = (method, path, accessToken, body, address) =>
      send(method, path, {
        headers: { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json", ...from(address) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    await use({
      revoked,
      call,
      async register(userAgent) {
        const email = `person${(people += 1)}@example.com`;
        return deviceIn(await post("/register", { email, password }, userAgent), email);
      },
      logIn: (email, asked = {}) =>
        post(
          "/login",
          { email, password: asked.password ?? password },
          asked.userAgent ?? "another browser",
          from(asked.address),
        ),
      refresh: (token, userAgent) => post("/api/auth/refresh", { refresh_token: token }, userAgent),
      isAccepted: async (accessToken) => (await call("PATCH", "/api/users/me", accessToken, {})).status === 200,
    });
  });
}

interface TokenFields {
  readonly id: string;
  readonly access_token: string;
  readonly refresh_token: string;
}

function deviceIn(answer: Answer, email: string): Device {
  const { id, access_token: accessToken, refresh_token: refreshToken } = answer.json as TokenFields;
  return { userId: id, email, sessionId: signing.verify(accessToken).sessionId, accessToken, refreshToken };
}

const refreshTokenIn = (answer: Answer): string => (answer.json as TokenFields).refresh_token;
const accessTokenIn = (answer: Answer): string => (answer.json as TokenFields).access_token;
const refused = { status: 401, json: expect.objectContaining({ code: "unauthenticated" }) };

async function liveTokens(sessionId: string): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    "SELECT count(*) FROM identity.refresh_tokens WHERE session_id = $1 AND spent_at IS NULL",
    [sessionId],
  );
  return rows[0]?.count ?? 0;
}

/** As if the answers of so long ago were lost only now. */
async function spentLongAgo(sessionId: string): Promise<void> {
  await database.pool.query(
    "UPDATE identity.refresh_tokens SET spent_at = spent_at - make_interval(secs => $2) WHERE session_id = $1",
    [sessionId, GRACE_SECONDS + 1],
  );
}

/** Does `held` in a transaction, and ends it only when so many of those whom `racing` sends wait for its locks. */
async function whileHolding<T>(held: [string, unknown[]], waiting: number, racing: () => Promise<T>): Promise<T> {
  const holder = await database.pool.connect();
  try {
    await holder.query("BEGIN");
    await holder.query(...held);
    const result = racing();
    await eventually(async () => {
      const { rows } = await database.pool.query<{ count: number }>(
        `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
           AND application_name = 'command-api identity' AND wait_event_type = 'Lock'`,
      );
      expect(rows[0]?.count).toBe(waiting);
    });
    await holder.query("COMMIT");
    return await result;
  } finally {
    holder.release();
  }
}

describe("a refresh token", () => {
  it("is good for new tokens of the same session, again and again", () =>
    withApi(async ({ register, refresh, isAccepted }) => {
      const device = await register();
      const seen = new Set([device.refreshToken]);
      let token = device.refreshToken;
      for (let round = 0; round < 5; round += 1) {
        const answer = await refresh(token);
        expect(answer).toMatchObject({ status: 200, json: { token_type: "bearer", expires_in: 1_800 } });
        expect(signing.verify(accessTokenIn(answer))).toMatchObject({
          userId: device.userId,
          sessionId: device.sessionId,
        });
        expect(await isAccepted(accessTokenIn(answer))).toBe(true);
        token = refreshTokenIn(answer);
        seen.add(token);
      }
      expect(seen.size).toBe(6);
    }));

  it("is not kept: what is, is its hash", () =>
    withApi(async ({ register, refresh }) => {
      const device = await register();
      const next = refreshTokenIn(await refresh(device.refreshToken));
      const { rows } = await database.pool.query<{ kept: string }>(
        "SELECT token::text AS kept FROM identity.refresh_tokens AS token WHERE session_id = $1",
        [device.sessionId],
      );
      expect(rows).toHaveLength(2);
      for (const token of [device.refreshToken, next]) {
        for (const form of [token, Buffer.from(token).toString("hex"), Buffer.from(token, "base64url").toString("hex")])
          expect(JSON.stringify(rows)).not.toContain(form);
      }
    }));

  it("that was used before ends its session, the good token with it", () =>
    withApi(async ({ register, refresh, isAccepted, revoked }) => {
      const device = await register();
      const second = await refresh(device.refreshToken);
      const third = await refresh(refreshTokenIn(second));

      expect(await refresh(device.refreshToken)).toMatchObject(refused);
      expect(revoked.has(device.sessionId)).toBe(true);
      for (const answer of [second, third]) {
        expect(await refresh(refreshTokenIn(answer))).toMatchObject(refused);
        expect(await isAccepted(accessTokenIn(answer))).toBe(false);
      }
    }));

  it("that was used before ends no other session", () =>
    withApi(async ({ register, logIn, refresh, isAccepted }) => {
      const device = await register();
      const other = deviceIn(await logIn(device.email), device.email);
      await refresh(refreshTokenIn(await refresh(device.refreshToken)));
      await refresh(device.refreshToken);

      expect(await isAccepted(device.accessToken)).toBe(false);
      expect(await isAccepted(other.accessToken)).toBe(true);
      expect(await refresh(other.refreshToken)).toMatchObject({ status: 200 });
    }));

  it("is over when its session is", () =>
    withApi(async ({ register, refresh }) => {
      const device = await register();
      await database.pool.query("UPDATE identity.sessions SET expires_at = now() WHERE id = $1", [device.sessionId]);
      expect(await refresh(device.refreshToken)).toMatchObject(refused);
    }));

  it.each<[string, (device: Device) => unknown, number]>([
    ["nothing", () => "", 401],
    ["a word", () => "token", 401],
    ["one of the right form that was never given out", () => newOpaqueToken(), 401],
    ["one whose last character was changed", ({ refreshToken }) => changeLast(refreshToken), 401],
    ["one with a space after it", ({ refreshToken }) => `${refreshToken} `, 401],
    ["one with a line end after it", ({ refreshToken }) => `${refreshToken}\n`, 401],
    ["its own hash", ({ refreshToken }) => Buffer.from(refreshToken).toString("base64url").slice(0, 43), 401],
    ["an access token", ({ accessToken }) => accessToken, 401],
    ["a session's id", ({ sessionId }) => sessionId, 401],
    ["SQL", () => "' OR 1=1 --", 401],
    ["a NUL", () => "a\0b", 422],
    ["513 characters", () => "x".repeat(513), 422],
    ["a number", () => 7, 422],
    ["null", () => null, 422],
    ["a list", ({ refreshToken }) => [refreshToken], 422],
    ["an object", () => ({ $gt: "" }), 422],
  ])("is not %s, and trying it ends nothing", (_what, bad, status) =>
    withApi(async ({ register, refresh }) => {
      const device = await register();
      expect((await refresh(bad(device))).status).toBe(status);
      expect((await refresh(device.refreshToken)).status).toBe(200);
    }),
  );
});

describe("a lost answer to a refresh", () => {
  it("is given again to the same device: the same successor, so there is never a second branch", () =>
    withApi(async ({ register, refresh, isAccepted }) => {
      const device = await register("a browser");
      const lost = await refresh(device.refreshToken, "a browser");
      const again = await refresh(device.refreshToken, "a browser");

      expect(again.status).toBe(200);
      expect(refreshTokenIn(again)).toBe(refreshTokenIn(lost));
      expect(await isAccepted(accessTokenIn(again))).toBe(true);
      expect(await liveTokens(device.sessionId)).toBe(1);
      expect((await refresh(refreshTokenIn(again), "a browser")).status).toBe(200);
    }));

  it.each([
    ["a browser", "curl/8"],
    ["curl/8", "a browser"],
  ])("is not given to another device: what %s has spent is not for %s, and the session ends", (one, other) =>
    withApi(async ({ register, refresh, isAccepted }) => {
      const device = await register("a browser");
      const spent = await refresh(device.refreshToken, one);

      expect(spent.status).toBe(200);
      expect(await refresh(device.refreshToken, other)).toMatchObject(refused);
      expect(await refresh(refreshTokenIn(spent), one)).toMatchObject(refused);
      expect(await isAccepted(device.accessToken)).toBe(false);
    }),
  );

  it("is not given again after the grace: the session ends", () =>
    withApi(async ({ register, refresh, isAccepted }) => {
      const device = await register();
      await refresh(device.refreshToken);
      await spentLongAgo(device.sessionId);

      expect(await refresh(device.refreshToken)).toMatchObject(refused);
      expect(await isAccepted(device.accessToken)).toBe(false);
    }));

  it("is not given again once the successor was used: it had arrived", () =>
    withApi(async ({ register, refresh, isAccepted }) => {
      const device = await register();
      await refresh(refreshTokenIn(await refresh(device.refreshToken)));

      expect(await refresh(device.refreshToken)).toMatchObject(refused);
      expect(await isAccepted(device.accessToken)).toBe(false);
    }));

  it("is the case of all but one of twenty refreshes at one moment: one successor, one good token", () =>
    withApi(async ({ register, refresh }) => {
      const device = await register();
      const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(device.refreshToken)));

      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set(answers.map(refreshTokenIn)).size).toBe(1);
      expect(await liveTokens(device.sessionId)).toBe(1);
    }));

  it("is the case of all but one of those who found the chain locked at one moment", () =>
    withApi(async ({ register, refresh }) => {
      const device = await register();
      const lock: [string, unknown[]] = ["SELECT FROM identity.sessions WHERE id = $1 FOR UPDATE", [device.sessionId]];
      const answers = await whileHolding(lock, 3, () =>
        Promise.all(Array.from({ length: 3 }, () => refresh(device.refreshToken))),
      );

      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(new Set(answers.map(refreshTokenIn)).size).toBe(1);
      expect(await liveTokens(device.sessionId)).toBe(1);
    }));

  it("leaves one good token at most, whatever two devices do with one chain at one moment", () =>
    withApi(async ({ register, refresh }) => {
      const device = await register("a browser");
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          refresh(device.refreshToken, index % 2 === 0 ? "a browser" : "curl/8"),
        ),
      );

      expect(new Set(answers.filter(({ status }) => status === 200).map(refreshTokenIn)).size).toBeLessThanOrEqual(1);
      expect(await liveTokens(device.sessionId)).toBe(0);
    }));
});

describe("logging out", () => {
  it("ends this session at once, and no other", () =>
    withApi(async ({ register, logIn, call, refresh, isAccepted }) => {
      const device = await register();
      const other = deviceIn(await logIn(device.email), device.email);

      expect(await call("POST", "/api/auth/logout", device.accessToken)).toMatchObject({ status: 204, text: "" });
      expect(await isAccepted(device.accessToken)).toBe(false);
      expect(await refresh(device.refreshToken)).toMatchObject(refused);
      expect(await isAccepted(other.accessToken)).toBe(true);
      expect((await refresh(other.refreshToken)).status).toBe(200);
    }));

  it("everywhere ends all of one's own sessions, and nobody else's", () =>
    withApi(async ({ register, logIn, call, refresh, isAccepted }) => {
      const [device, stranger] = [await register(), await register()];
      const other = deviceIn(await logIn(device.email), device.email);

      expect((await call("POST", "/auth/logout-all", device.accessToken)).status).toBe(204);
      for (const { accessToken, refreshToken } of [device, other]) {
        expect(await isAccepted(accessToken)).toBe(false);
        expect(await refresh(refreshToken)).toMatchObject(refused);
      }
      expect(await isAccepted(stranger.accessToken)).toBe(true);
    }));

  it("everywhere from ten devices at once ends them all", () =>
    withApi(async ({ register, logIn, call, isAccepted }) => {
      const first = await register();
      const devices = await Promise.all(
        Array.from({ length: 10 }, async () => deviceIn(await logIn(first.email), first.email)),
      );
      const answers = await Promise.all(
        devices.map(({ accessToken }) => call("POST", "/auth/logout-all", accessToken)),
      );

      // Whoever comes later may find that he was logged out meanwhile.
      expect([204, 401]).toEqual(expect.arrayContaining([...new Set(answers.map(({ status }) => status))]));
      for (const { accessToken } of [first, ...devices]) expect(await isAccepted(accessToken)).toBe(false);
    }));

  it("is for those who are logged in", () =>
    withApi(async ({ call }) => {
      for (const path of ["/auth/logout", "/auth/logout-all", "/auth/password", "/ws-ticket"])
        expect((await call("POST", path, "nonsense", {})).status).toBe(401);
    }));
});

describe("ending one session", () => {
  it("is for one's own: the lost phone is logged out from the desk", () =>
    withApi(async ({ register, logIn, call, refresh, isAccepted }) => {
      const desk = await register();
      const phone = deviceIn(await logIn(desk.email), desk.email);
      const end = (): Promise<Answer> => call("DELETE", `/api/auth/sessions/${phone.sessionId}`, desk.accessToken);

      expect((await end()).status).toBe(204);
      expect(await isAccepted(phone.accessToken)).toBe(false);
      expect(await refresh(phone.refreshToken)).toMatchObject(refused);
      expect(await isAccepted(desk.accessToken)).toBe(true);
      expect((await end()).status).toBe(404);
    }));

  it.each(["another's", "00000000-0000-7000-8000-000000000000", "7", "all", "%00"])("answers 404 for %s", (named) =>
    withApi(async ({ register, call, isAccepted }) => {
      const [device, other] = [await register(), await register()];
      const id = named === "another's" ? other.sessionId : named;

      expect((await call("DELETE", `/api/auth/sessions/${id}`, device.accessToken)).status).toBe(404);
      expect(await isAccepted(other.accessToken)).toBe(true);
    }),
  );
});

describe("a new password", () => {
  const change = { old: password, new: "correct horse" };

  it("is the one from then on, and ends all other sessions", () =>
    withApi(async ({ register, logIn, call, refresh, isAccepted }) => {
      const device = await register();
      const other = deviceIn(await logIn(device.email), device.email);

      expect(await call("POST", "/api/auth/password", device.accessToken, change)).toMatchObject({ status: 204 });
      expect(await isAccepted(other.accessToken)).toBe(false);
      expect(await refresh(other.refreshToken)).toMatchObject(refused);
      expect(await isAccepted(device.accessToken)).toBe(true);
      expect((await refresh(device.refreshToken)).status).toBe(200);
      expect((await logIn(device.email)).status).toBe(401);
      expect((await logIn(device.email, { password: change.new })).status).toBe(200);
    }));

  it.each([
    [{ old: "wrong password", new: "correct horse" }, 401, "invalid_credentials"],
    [{ old: password, new: "short" }, 422, "validation_failed"],
    [{ new: "correct horse" }, 422, "validation_failed"],
    [{ ...change, user_id: "1" }, 422, "validation_failed"],
  ])("is not made with %j", (body, status, code) =>
    withApi(async ({ register, logIn, call, isAccepted }) => {
      const device = await register();
      const other = deviceIn(await logIn(device.email), device.email);

      expect(await call("POST", "/api/auth/password", device.accessToken, body)).toMatchObject({
        status,
        json: { code },
      });
      expect(await isAccepted(other.accessToken)).toBe(true);
      expect((await logIn(device.email)).status).toBe(200);
    }),
  );

  it("lets in nobody who was logging in with the old one meanwhile", () =>
    withApi(async ({ register, logIn, call, isAccepted }) => {
      const device = await register();
      const [, ...logins] = await Promise.all([
        call("POST", "/api/auth/password", device.accessToken, change),
        ...Array.from({ length: 10 }, () => logIn(device.email)),
      ]);

      expect([200, 401]).toEqual(expect.arrayContaining([...new Set(logins.map(({ status }) => status))]));
      const letIn = logins.filter(({ status }) => status === 200).map(accessTokenIn);
      expect(await Promise.all(letIn.map(isAccepted))).not.toContain(true);
    }));

  it("that is being set keeps out whoever has shown the old one already", () =>
    withApi(async ({ register, logIn }) => {
      const device = await register();
      const set: [string, unknown[]] = [
        "UPDATE identity.users SET password_hash = 'other' WHERE id = $1",
        [device.userId],
      ];

      expect((await whileHolding(set, 1, () => logIn(device.email))).status).toBe(401);
    }));

  it("is one of two that were chosen at one moment: the other hears that the old one is wrong", () =>
    withApi(async ({ register, call }) => {
      const device = await register();
      const answers = await Promise.all(
        ["one new password", "other new password"].map((chosen) =>
          call("POST", "/api/auth/password", device.accessToken, { old: password, new: chosen }),
        ),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 401]);
    }));

  it("cannot be had by trying old ones: from one address they are ten, together with those at the log-in", () =>
    withApi(async ({ register, logIn, call }) => {
      const [device, other] = [await register(), await register()];
      const [home, thief] = ["10.0.0.1", "10.0.0.2"];
      expect((await logIn(device.email, { address: home })).status).toBe(200);
      const tryIt = (old: string, address: string, { accessToken } = device): Promise<Answer> =>
        call("POST", "/auth/password", accessToken, { old, new: "correct horse" }, address);
      for (let n = 0; n < 5; n += 1) {
        expect((await tryIt(`wrong ${String(n)}`, thief)).status).toBe(401);
        expect((await logIn(device.email, { password: "wrong", address: thief })).status).toBe(401);
      }

      const over = await tryIt(password, thief);
      expect(over).toMatchObject({ status: 429, json: { code: "too_many_requests" } });
      expect(Number(over.headers["retry-after"])).toBeGreaterThan(0);
      expect((await logIn(device.email, { address: thief })).status).toBe(429);
      expect((await logIn(device.email, { address: home })).status).toBe(200);
      expect((await tryIt(password, thief, other)).status).toBe(204);
      expect((await tryIt(password, home)).status).toBe(204);
    }));
});

describe("a ticket for a socket", () => {
  const redeem = async (ticket: string): Promise<number> =>
    (await database.pool.query("SELECT * FROM directory.redeem_ws_ticket(sha256(convert_to($1, 'UTF8')))", [ticket]))
      .rows.length;
  const ticketFor = async ({ call }: Api, { accessToken }: Device): Promise<string> => {
    const answer = await call("POST", "/api/ws-ticket", accessToken);
    expect(answer).toMatchObject({ status: 200, json: { ticket: expect.any(String), expires_in: TICKET_SECONDS } });
    return (answer.json as { ticket: string }).ticket;
  };

  it("is good once, of fifty who present it at one moment", () =>
    withApi(async (api) => {
      const ticket = await ticketFor(api, await api.register());
      const redeemed = await Promise.all(Array.from({ length: 50 }, () => redeem(ticket)));

      expect(redeemed.reduce((sum, rows) => sum + rows, 0)).toBe(1);
      expect(await redeem(ticket)).toBe(0);
    }));

  it("names the session that asked for it", () =>
    withApi(async (api) => {
      const device = await api.register();
      const { rows } = await database.pool.query(
        "SELECT user_id::text, session_id FROM directory.redeem_ws_ticket(sha256(convert_to($1, 'UTF8')))",
        [await ticketFor(api, device)],
      );
      expect(rows).toEqual([{ user_id: device.userId, session_id: device.sessionId }]);
    }));

  it("is over after its time, and gone with the next one that is issued", () =>
    withApi(async (api) => {
      const device = await api.register();
      const old = await ticketFor(api, device);
      const older = await ticketFor(api, device);
      await database.pool.query("UPDATE identity.ws_tickets SET expires_at = now() - interval '1 second'");

      expect(await redeem(old)).toBe(0);
      await ticketFor(api, device);
      const { rows } = await database.pool.query("SELECT FROM identity.ws_tickets");
      expect(rows).toHaveLength(1);
      expect(await redeem(older)).toBe(0);
    }));

  it("is over when its session is", () =>
    withApi(async (api) => {
      const device = await api.register();
      const ticket = await ticketFor(api, device);
      await api.call("POST", "/auth/logout", device.accessToken);

      expect(await redeem(ticket)).toBe(0);
    }));

  it("is not issued for a session that ended on another instance a moment ago", () =>
    withApi(async ({ register, call, revoked }) => {
      const device = await register();
      await database.pool.query(
        "UPDATE identity.sessions SET revoked_at = now(), revoked_in = pg_current_xact_id() WHERE id = $1",
        [device.sessionId],
      );
      expect(revoked.has(device.sessionId)).toBe(false);
      expect(await call("POST", "/ws-ticket", device.accessToken)).toMatchObject(refused);
    }));
});

function changeLast(token: string): string {
  return token.slice(0, -1) + (token.endsWith("A") ? "Q" : "A");
}
