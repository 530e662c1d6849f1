import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { WebSocket } from "ws";
import { createCommandApi } from "@chat/command-api/service";
import { createProjector } from "@chat/projector/service";
import { createQueryApi } from "@chat/query-api/service";
import { createRealtime, type RealtimeOptions } from "@chat/realtime/service";
import { createHttpApp } from "@chat/shared/http/app";
import { createAuthenticate } from "@chat/shared/http/authenticate";
import { createHttpServer } from "@chat/shared/http/server";
import type { Route } from "@chat/shared/http/define-route";
import { privateChatId, type UserId } from "@chat/shared/ids";
import { Rejection } from "@chat/shared/rejection";
import type { CommandPort } from "@chat/shared/commands/command-port";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { followRevokedSessionsOfOthers, type RevokedSessionsFeed } from "@chat/shared/identity/follow-revoked-sessions";
import { createRevokedSessionList, refuseRevoked, type RevokedSessions } from "@chat/shared/identity/revoked-sessions";
import type { Service } from "@chat/shared/lifecycle";
import { createPostgresLog, openPostgresLog } from "@chat/shared/log/postgres/postgres-log";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { checkFrameToClient } from "@chat/shared/testing/check-frame";
import { eventually } from "@chat/shared/testing/eventually";
import { openPostgresDetour } from "@chat/shared/testing/postgres-detour";
import { createSpecDatabase } from "@chat/shared/testing/with-postgres";
import { createWakeup } from "@chat/shared/wakeup";
import { noFiles } from "@chat/shared/testing/no-files";
import { migrationSets } from "../migrate/migration-sets.ts";
import { createEmbeddedChat } from "./chat.ts";

jest.setTimeout(120_000);
const within = 30_000;
const secret = "a secret that is long enough for HS256 to like";
const password = "password123";
const page = "https://chat.example.com";
const logger = createLogger({ service: "spec", level: "silent" });
const signing = createAccessTokens({ secret, lifetimeSeconds: 600 });

type Upgrade = ReturnType<typeof createRealtime>["handleUpgrade"];

interface Device {
  readonly id: string;
  readonly email: string;
  readonly access_token: string;
  readonly refresh_token: string;
}

interface Frame {
  readonly type: string;
  readonly payload?: { readonly text?: string };
}

interface Socket {
  readonly ws: WebSocket;
  readonly frames: Frame[];
  readonly closed: Promise<number>;
  texts(): (string | undefined)[];
}

let database: Awaited<ReturnType<typeof createSpecDatabase>>;
let running: AsyncDisposableStack;
/** Where commands go, where a query-api of another process answers, and two of realtime, the second with an allow-list. */
let commands: string;
let queries: string;
let sockets: readonly [string, string];
let feeds: RevokedSessionsFeed[];
/** Hears of ended sessions by way of this database, as a process of its own. */
let followAt: (databaseUrl: string) => Promise<RevokedSessionsFeed>;
/** Another instance, with these parts of its own. */
let realtime: (
  parts?: Partial<Pick<RealtimeOptions, "allowedOrigins" | "commands">> & { readonly revoked?: RevokedSessions },
) => Promise<string>;
let people = 0;
const openSockets: WebSocket[] = [];
const heard: Frame[] = [];

/** Each service as in a process of its own: they hear of ended sessions by NOTIFY, or by looking. */
beforeAll(async () => {
  database = await createSpecDatabase({ migrations: migrationSets });
  const { pool, url: databaseUrl } = database;
  await createPostgresLog(pool, "the log of this spec", 4);
  const log = await openPostgresLog({ pool });
  running = new AsyncDisposableStack();
  running.defer(() => log.close());
  const begin = async <S extends Service>(service: S): Promise<S> => {
    await service.start();
    running.defer(() => service.stop());
    return service;
  };
  feeds = [];
  followAt = (databaseUrl) =>
    begin(followRevokedSessionsOfOthers({ databaseUrl, tokenLifetimeSeconds: signing.lifetimeSeconds, logger }));
  const follow = async (): Promise<RevokedSessionsFeed> => {
    const feed = await followAt(databaseUrl);
    feeds.push(feed);
    return feed;
  };
  const listen = async (routes: readonly Route[], revoked: RevokedSessions, upgrade?: Upgrade): Promise<string> => {
    const authenticate = createAuthenticate(refuseRevoked(signing, revoked));
    const listener = createHttpApp({ routes, authenticate, log: logger });
    const server = createHttpServer({
      name: "http",
      port: 0,
      host: "127.0.0.1",
      listener,
      ...(upgrade === undefined ? {} : { upgrade }),
    });
    await begin(server);
    return `127.0.0.1:${server.address().port}`;
  };
  const common = { log, pool, files: noFiles, databaseUrl, tokens: signing, logger, progress: createWakeup() };
  await begin(createProjector({ ...common, metrics: createMetrics(), onFatal: () => undefined }));

  const ofCommands = await follow();
  const api = await begin(
    createCommandApi({
      ...common,
      metrics: createMetrics(),
      secret,
      revoked: ofCommands,
      instanceUrl: () => `http://${commands}`,
      leaseChanges: createWakeup(),
    }),
  );
  commands = await listen(api.routes, ofCommands);
  await begin(api.share);
  queries = await listen(createQueryApi({ ...common, metrics: createMetrics() }).routes, await follow());

  realtime = async (parts = {}) => {
    const revoked = parts.revoked ?? (await follow());
    const defaults = { ...common, metrics: createMetrics(), commands: api.socketCommands };
    const service = await begin(createRealtime({ ...defaults, ...parts, revoked }));
    return listen([], revoked, service.handleUpgrade);
  };
  sockets = [await realtime(), await realtime({ allowedOrigins: [page] })];
});

afterAll(async () => {
  for (const ws of openSockets) ws.terminate();
  await running.disposeAsync();
  await database.drop();
});

// A throw inside of a socket's listener would end the run, and name no spec.
afterEach(() => heard.splice(0).forEach(checkFrameToClient));

async function call(at: string, method: string, path: string, token: string, body?: object) {
  const response = await fetch(`http://${at}${path}`, {
    method,
    headers: {
      "user-agent": "a browser",
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: (text === "" ? undefined : JSON.parse(text)) as unknown };
}

async function register(at = commands): Promise<Device> {
  const email = `person${(people += 1)}@example.com`;
  return (await call(at, "POST", "/register", "", { email, password })).json as Device;
}

const logIn = async ({ email }: Device): Promise<Device> =>
  (await call(commands, "POST", "/login", "", { email, password })).json as Device;
const sessionOf = ({ access_token: token }: Device): string => signing.verify(token).sessionId;
const ticketFor = async ({ access_token: token }: Device): Promise<string> =>
  ((await call(commands, "POST", "/ws-ticket", token)).json as { ticket: string }).ticket;

async function createChat(owner: Device, others: readonly Device[], at = commands): Promise<string> {
  const chat = { name: "us", member_ids: others.map(({ id }) => id) };
  return ((await call(at, "POST", "/chats", owner.access_token, chat)).json as { id: string }).id;
}

async function say(who: Device, chatId: string, text: string, at = commands): Promise<void> {
  expect((await call(at, "POST", `/chats/${chatId}/messages`, who.access_token, { text })).status).toBe(201);
}

/** Rejects with the status of an answer that is no socket. */
async function connect(at: string, query: string, headers: Record<string, string> = {}): Promise<Socket> {
  const ws = new WebSocket(`ws://${at}/ws?${query}`, { headers });
  openSockets.push(ws);
  const frames: Frame[] = [];
  ws.on("message", (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as Frame;
    frames.push(frame);
    heard.push(frame);
  });
  const closed = new Promise<number>((resolve) => ws.once("close", resolve));
  await new Promise<void>((resolve, reject) => {
    ws.once("unexpected-response", (_request, { statusCode }) => {
      ws.terminate();
      reject(new Error(`answered ${String(statusCode)}`));
    });
    ws.once("message", () => resolve());
    ws.on("error", reject);
  });
  return {
    ws,
    frames,
    closed,
    texts: () => frames.flatMap(({ type, payload }) => (type === "new_message" ? [payload?.text] : [])),
  };
}

const withToken = ({ access_token: token }: Device): string => `token=${token}`;

describe("the sockets of a session that has ended", () => {
  const ends: [string, (device: Device, other: Device) => Promise<unknown>][] = [
    ["logging out", (device) => call(commands, "POST", "/auth/logout", device.access_token)],
    ["logging out everywhere", (_device, other) => call(commands, "POST", "/auth/logout-all", other.access_token)],
    [
      "ending it from another device",
      (device, other) => call(commands, "DELETE", `/auth/sessions/${sessionOf(device)}`, other.access_token),
    ],
    [
      "a new password",
      (_device, other) =>
        call(commands, "POST", "/auth/password", other.access_token, { old: password, new: "correct horse" }),
    ],
    [
      "a refresh token used again",
      async ({ refresh_token: first }) => {
        const refresh = (token: string) => call(commands, "POST", "/auth/refresh", "", { refresh_token: token });
        const second = ((await refresh(first)).json as Device).refresh_token;
        await refresh(second);
        await refresh(first);
      },
    ],
    [
      "running out",
      (device) =>
        database.pool.query("UPDATE identity.sessions SET expires_at = clock_timestamp() WHERE id = $1", [
          sessionOf(device),
        ]),
    ],
  ];

  it.each(ends)("are closed with 4401 on every instance after %s, and hear nothing more", async (_what, end) => {
    const [alice, bob] = [await register(), await register()];
    const chat = await createChat(bob, [alice]);
    const phone = await logIn(alice);
    const dead = await Promise.all(sockets.map((at) => connect(at, withToken(phone))));
    const alive = await connect(sockets[0], withToken(bob));
    await say(bob, chat, "before");
    for (const { texts } of [...dead, alive]) await eventually(() => expect(texts()).toEqual(["before"]));

    await end(phone, await logIn(alice));
    await eventually(() => expect(feeds.map(({ has }) => has(sessionOf(phone)))).not.toContain(false), { within });
    await say(bob, chat, "after");
    expect(await Promise.all(dead.map(({ closed }) => closed))).toEqual([4401, 4401]);
    await eventually(() => expect(alive.texts()).toEqual(["before", "after"]));
    for (const { texts } of dead) expect(texts()).toEqual(["before"]);
    for (const at of sockets) await expect(connect(at, withToken(phone))).rejects.toThrow("answered 401");
    for (const at of [commands, queries]) {
      const path = at === commands ? `/chats/${chat}/messages` : "/chats";
      const method = at === commands ? "POST" : "GET";
      expect(await call(at, method, path, phone.access_token)).toMatchObject({
        status: 401,
        json: { code: "unauthenticated" },
      });
    }
  });

  it("command nothing, even while they have not read that they are closed", async () => {
    const [alice, bob] = [await register(), await register()];
    const chat = await createChat(bob, [alice]);
    const deaf = await connect(sockets[0], withToken(alice));
    deaf.ws.pause();
    await call(commands, "POST", "/auth/logout", alice.access_token);
    await eventually(() => expect(feeds.map(({ has }) => has(sessionOf(alice)))).not.toContain(false), { within });
    deaf.ws.send(JSON.stringify({ type: "send", id: "1", chat_id: chat, text: "still here" }));
    deaf.ws.resume();

    expect(await deaf.closed).toBe(4401);
    expect((await call(queries, "GET", `/chats/${chat}/messages`, bob.access_token)).json).toEqual([]);
  });

  it("are closed with 4401 where the notification was lost as well: each instance looks for itself", async () => {
    const detour = running.use(await openPostgresDetour(database.url));
    const at = await realtime({ revoked: await followAt(detour.url) });
    const [alice, bob] = [await register(), await register()];
    const [dead, alive] = [await connect(at, withToken(alice)), await connect(at, withToken(bob))];
    detour.loseNotifications();
    await call(commands, "POST", "/auth/logout", alice.access_token);

    expect(await dead.closed).toBe(4401);
    await expect(connect(at, withToken(alice))).rejects.toThrow("answered 401");
    await eventually(() => expect(detour.lost()).toBeGreaterThan(0), { within });
    expect(alive.ws.readyState).toBe(WebSocket.OPEN);
  });

  it("do not even get what waited to be written", async () => {
    const alice = await register();
    const revoked = createRevokedSessionList({ tokenLifetimeSeconds: signing.lifetimeSeconds });
    const commands: CommandPort = ({ sessionId }) => {
      const answer = Promise.reject(new Rejection("not_found", "There is no such chat."));
      // Some turns later the reply stands in the outbox, which is written when this turn of the event loop is over.
      let turns = answer.catch(() => undefined);
      for (let turn = 0; turn < 20; turn += 1) turns = turns.then(() => undefined);
      void turns.then(() => revoked.announce([sessionId]));
      return answer;
    };
    const socket = await connect(await realtime({ revoked, commands }), withToken(alice));
    socket.ws.send(
      JSON.stringify({ type: "send", id: "1", chat_id: privateChatId("1" as UserId, "2" as UserId), text: "hi" }),
    );

    expect(await socket.closed).toBe(4401);
    expect(socket.frames.map(({ type }) => type)).toEqual(["ready"]);
  });

  it("are not those of an access token that has run out: it can still command", async () => {
    const [alice, bob] = [await register(), await register()];
    const chat = await createChat(alice, [bob]);
    const { userId, sessionId } = signing.verify(alice.access_token);
    const brief = createAccessTokens({ secret, lifetimeSeconds: 2 }).sign({ userId, sessionId });
    const socket = await connect(sockets[0], `token=${brief}`);
    const expired = expect.objectContaining({ code: "token_expired" });
    await eventually(() => expect(() => signing.verify(brief)).toThrow(expired), { within });
    await expect(connect(sockets[0], `token=${brief}`)).rejects.toThrow("answered 401");

    socket.ws.send(JSON.stringify({ type: "send", id: "1", chat_id: chat, text: "still here" }));
    await eventually(() =>
      expect(socket.frames.map(({ type }) => type).sort()).toEqual(["new_message", "ready", "reply"]),
    );
    expect(socket.ws.readyState).toBe(WebSocket.OPEN);
  });
});

describe("a ticket", () => {
  it("opens one socket, which is of the session that asked for it", async () => {
    const alice = await register();
    const ticket = await ticketFor(alice);
    const socket = await connect(sockets[0], `ticket=${ticket}`);

    expect(socket.frames[0]).toMatchObject({ type: "ready", user_id: alice.id, device_id: sessionOf(alice) });
    for (const at of sockets) await expect(connect(at, `ticket=${ticket}`)).rejects.toThrow("answered 401");
    await call(commands, "POST", "/auth/logout", alice.access_token);
    expect(await socket.closed).toBe(4401);
  });

  it("opens one socket of fifty that come with it at one moment, to both instances", async () => {
    const ticket = await ticketFor(await register());
    const tries = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) => connect(sockets[index % 2 === 0 ? 0 : 1], `ticket=${ticket}`)),
    );

    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it.each([
    ["nothing", "", 401],
    ["a letter", "x", 401],
    ["one of the right form that was never given out", "x".repeat(43), 401],
    ["a long text", "x".repeat(5_000), 401],
    ["a NUL", "%00", 401],
    ["no UTF-8, nor is any query", "%ff", 400],
  ])("is not %s", async (_what, ticket, status) => {
    await expect(connect(sockets[0], `ticket=${ticket}`)).rejects.toThrow(`answered ${status}`);
  });

  it("does not help a token that is wrong, and is not spent by it", async () => {
    const ticket = await ticketFor(await register());
    await expect(connect(sockets[0], `token=wrong&ticket=${ticket}`)).rejects.toThrow("answered 401");
    expect((await connect(sockets[0], `ticket=${ticket}`)).ws.readyState).toBe(WebSocket.OPEN);
  });
});

describe("an origin", () => {
  it("is not asked for as long as no list is set", async () => {
    const socket = await connect(sockets[0], withToken(await register()), { origin: "https://evil.example.com" });
    expect(socket.ws.readyState).toBe(WebSocket.OPEN);
  });

  it("that is not on the list opens no socket, and spends no ticket", async () => {
    const [alice, origin] = [await register(), "https://evil.example.com"];
    const ticket = await ticketFor(alice);
    for (const query of [withToken(alice), `ticket=${ticket}`])
      await expect(connect(sockets[1], query, { origin })).rejects.toThrow("answered 403");

    expect((await connect(sockets[1], `ticket=${ticket}`, { origin: page })).ws.readyState).toBe(WebSocket.OPEN);
  });

  it("may be on the list, our own page's, or none, as of a program", async () => {
    const alice = await register();
    const listed = [{ origin: page }, { origin: `${page}:443` }];
    const own = [
      { origin: `http://${sockets[1]}` },
      { origin: "https://own.example.com", host: "OWN.example.com:443" },
    ];
    for (const headers of [...listed, ...own, {}])
      expect((await connect(sockets[1], withToken(alice), headers)).ws.readyState).toBe(WebSocket.OPEN);
  });
});

describe("the list of one's own sessions", () => {
  it("shows the devices that are logged in, newest first, and which one asks", async () => {
    const [desk, stranger] = [await register(), await register()];
    const [phone, lost] = [await logIn(desk), await logIn(desk)];
    await call(commands, "DELETE", `/auth/sessions/${sessionOf(lost)}`, desk.access_token);
    const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const session = (device: Device, current: boolean) => ({
      id: sessionOf(device),
      device: "a browser",
      created_at: isoTime,
      expires_at: isoTime,
      current,
    });

    expect(await call(queries, "GET", "/api/auth/sessions", desk.access_token)).toEqual({
      status: 200,
      json: [session(phone, false), session(desk, true)],
    });
    expect((await call(queries, "GET", "/auth/sessions", stranger.access_token)).json).toEqual([
      session(stranger, true),
    ]);
  });
});

describe("the embedded run", () => {
  it("closes the sockets of a session before the answer that ends it", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "chat-sessions-"));
    // For specs that run as root: PostgreSQL's own user must be able to enter.
    await chmod(dataDir, 0o755);
    const own = await createSpecDatabase();
    const failures: unknown[] = [];
    const options = {
      dataDir,
      databaseUrl: own.url,
      secretKey: secret,
      accessTokenMinutes: 30,
      partitions: 4,
      port: 0,
    };
    const rest = { allowedOrigins: undefined, flood: { burst: 60, perSecond: 20 } };
    const chat = createEmbeddedChat({ ...options, ...rest }, { log: logger, fail: (error) => failures.push(error) });
    await chat.start();
    try {
      const at = `127.0.0.1:${chat.address().port}`;
      const [alice, bob] = [await register(at), await register(at)];
      const group = await createChat(bob, [alice], at);
      const socket = await connect(at, withToken(alice));
      const closing = once(socket.ws, "close");
      expect((await call(at, "POST", "/auth/logout", alice.access_token)).status).toBe(204);
      expect((await call(at, "GET", "/chats", alice.access_token)).status).toBe(401);
      await say(bob, group, "after", at);

      expect((await closing)[0]).toBe(4401);
      expect(socket.texts()).toEqual([]);
      await expect(connect(at, withToken(alice))).rejects.toThrow("answered 401");
      expect(failures).toEqual([]);
    } finally {
      await chat.stop();
      await own.drop();
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
