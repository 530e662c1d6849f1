import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { createCommandApi } from "@chat/command-api/service";
import { createProjector } from "@chat/projector/service";
import { createQueryApi } from "@chat/query-api/service";
import { createHttpApp } from "@chat/shared/http/app";
import { createAuthenticate } from "@chat/shared/http/authenticate";
import { createHttpServer } from "@chat/shared/http/server";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { createRevokedSessionList } from "@chat/shared/identity/revoked-sessions";
import { composeServices, type Service } from "@chat/shared/lifecycle";
import { decodeCursor, shortLogId } from "@chat/shared/log/cursor";
import { createPostgresLog, openPostgresLog } from "@chat/shared/log/postgres/postgres-log";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { createSpecDatabase } from "@chat/shared/testing/with-postgres";
import { createWakeup } from "@chat/shared/wakeup";
import { noFiles } from "@chat/shared/testing/no-files";
import { migrationSets } from "../migrate/migration-sets.ts";

const secret = "a secret that is long enough for HS256 to like";
const logId = "the log of this spec";
const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

interface Person {
  readonly id: string;
  readonly token: string;
}

/** What was commanded is read back at once, without waiting and without a second try: that is the barrier's promise. */
describe("queries", () => {
  let database: Awaited<ReturnType<typeof createSpecDatabase>>;
  let running: Service;
  let origin: string;
  let closeLog: () => Promise<void>;
  let alice: Person;
  let bob: Person;
  let carol: Person;
  let people = 0;

  beforeAll(async () => {
    database = await createSpecDatabase({ migrations: migrationSets });
    const { pool, url: databaseUrl } = database;
    await createPostgresLog(pool, logId, 4);
    const log = await openPostgresLog({ pool });
    closeLog = log.close;
    const tokens = createAccessTokens({ secret, lifetimeSeconds: 600 });
    const logger = createLogger({ service: "spec", level: "silent" });
    const common = {
      log,
      pool,
      files: noFiles,
      databaseUrl,
      tokens,
      logger,
      metrics: createMetrics(),
      progress: createWakeup(),
    };
    const revoked = createRevokedSessionList({ tokenLifetimeSeconds: tokens.lifetimeSeconds });
    const commandApi = createCommandApi({
      ...common,
      revoked,
      secret,
      instanceUrl: () => `http://127.0.0.1:${http.address().port}`,
      leaseChanges: createWakeup(),
    });
    const http = createHttpServer({
      name: "http",
      port: 0,
      host: "127.0.0.1",
      listener: createHttpApp({
        routes: [...commandApi.routes, ...createQueryApi(common).routes],
        authenticate: createAuthenticate(tokens),
        log: logger,
      }),
    });
    running = composeServices("chat", [
      createProjector({ ...common, onFatal: () => undefined }),
      commandApi,
      http,
      commandApi.share,
    ]);
    await running.start();
    origin = `http://127.0.0.1:${http.address().port}`;
  });

  afterAll(async () => {
    await running.stop();
    await closeLog();
    await database.drop();
  });

  beforeEach(async () => {
    // One after the other: who joins a chat at one moment is listed in the order of ids.
    [alice, bob, carol] = [await register("Alice"), await register("Bob"), await register("Carol")];
  });

  async function call(method: string, path: string, who: Person | null, body?: object, headers = {}) {
    const response = await fetch(`${origin}${path}`, {
      method,
      headers: {
        ...headers,
        ...(who === null ? {} : { authorization: `Bearer ${who.token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, json: parse(await response.text()) };
  }

  async function done<T>(method: string, path: string, who: Person | null, body?: object): Promise<T> {
    const { status, json } = await call(method, path, who, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(json)}`);
    return json as T;
  }

  async function register(name: string): Promise<Person> {
    people += 1;
    const email = `${name}-${people}@example.com`;
    const account = { email, password: "password123", name, city: "Lviv" };
    const { id, access_token: token } = await done<{ id: string; access_token: string }>(
      "POST",
      "/register",
      null,
      account,
    );
    return { id, token };
  }

  const get = <T>(path: string, who: Person): Promise<T> => done<T>("GET", path, who);
  const createGroup = async (who: Person, others: readonly Person[], name = "Us"): Promise<string> =>
    (await done<{ id: string }>("POST", "/chats", who, { name, member_ids: others.map(({ id }) => id) })).id;
  const send = async (who: Person, chatId: string, text: string): Promise<string> =>
    (
      await done<{ id: string }>("POST", `/chats/${chatId}/messages`, who, {
        text,
        client_message_id: text.replaceAll(/\W/g, "-"),
      })
    ).id;

  it("shows chats, messages, members, readers and unread exactly as the document says", async () => {
    const chatId = await createGroup(alice, [bob, carol]);
    const first = await send(alice, chatId, "one");
    await done("POST", `/chats/${chatId}/messages`, bob, { text: "two", reply_to: first });
    await done("PUT", `/messages/${first}/read`, carol);
    const chat = {
      id: chatId,
      chat_id: chatId,
      chat_type: "group",
      type: "group",
      name: "Us",
      title: "Us",
      description: null,
      avatar: null,
      creator_id: alice.id,
      member_ids: [alice.id, bob.id, carol.id],
      created_at: isoTime,
      updated_at: isoTime,
      version: 4,
    };
    const nothingMore = { edited_at: null, deleted: false, is_read: false, read: false, files: [] };
    const times = { created_at: isoTime, timestamp: isoTime };
    const one = {
      id: first,
      chat_id: chatId,
      seq: 1,
      sender_id: alice.id,
      text: "one",
      client_message_id: "one",
      reply_to: null,
      read_count: 1,
      ...times,
      ...nothingMore,
    };
    const two = {
      ...one,
      id: `${chatId}.2`,
      seq: 2,
      sender_id: bob.id,
      text: "two",
      client_message_id: null,
      reply_to: first,
      read_count: 0,
    };
    expect(await get(`/api/chats/${chatId}`, bob)).toEqual(chat);
    expect(await get("/chats", carol)).toEqual([
      { ...chat, last_message: two, unread_count: 1, my_role: "member", read_up_to: 1 },
    ]);
    expect(await get(`/api/chats/${chatId}/messages`, alice)).toEqual([one, two]);
    expect(await get(`/history/${chatId}`, alice)).toEqual([one, two]);
    expect(await get(`/history/${chatId}?limit=1&offset=1`, alice)).toEqual({
      items: [two],
      total: 2,
      limit: 1,
      offset: 1,
    });
    const member = (who: Person, name: string, role: string, readUpTo: number) => ({
      user_id: who.id,
      id: who.id,
      name,
      role,
      read_up_to: readUpTo,
      joined_at: isoTime,
    });
    expect(await get(`/chats/${chatId}/members`, alice)).toEqual([
      member(alice, "Alice", "owner", 0),
      member(bob, "Bob", "member", 0),
      member(carol, "Carol", "member", 1),
    ]);
    expect(await get(`/messages/${first}/readers`, alice)).toEqual([
      { user_id: carol.id, name: "Carol", read_at: isoTime },
    ]);
    expect(await get("/unread", alice)).toEqual({ total: 1, chats: { [chatId]: 1 } });
    expect(await get("/api/unread", carol)).toEqual({ total: 1, chats: { [chatId]: 1 } });
  });

  it("shows users to everyone, and an e-mail to its owner only", async () => {
    const [name, city, avatar] = ["Alice", "Lviv", null];
    const own = { id: alice.id, email: expect.stringMatching(/^alice-\d+@example.com$/), name, city, avatar };
    for (const path of ["/me", "/users/me", "/auth/me", "/api/users/me"]) expect(await get(path, alice)).toEqual(own);
    expect(await get(`/users/${alice.id}`, bob)).toEqual({ id: alice.id, name, city, avatar });
    const ids = [alice.id, bob.id].join(",");
    expect(await get(`/users?ids=${ids}`, bob)).toEqual([{ id: alice.id, name, city, avatar }]);
    expect(await get(`/users?ids=${ids}&query=LIC`, bob)).toEqual([{ id: alice.id, name, city, avatar }]);
    expect(await get(`/users?ids=${ids}&query=%25`, bob)).toEqual([]);
    expect(await call("GET", "/users/999999999", bob)).toMatchObject({ status: 404 });
  });

  it("pages through a chat in both directions without a hole or a double while messages come in", async () => {
    const chatId = await createGroup(alice, [bob]);
    for (let n = 1; n <= 23; n += 1) await send(alice, chatId, `m${n}`);
    const walk = async (start: string): Promise<number[]> => {
      const seqs: number[] = [];
      for (let path: string | undefined = start; path !== undefined;) {
        const page = await call("GET", `/chats/${chatId}/messages${path}`, bob);
        seqs.push(...(page.json as { seq: number }[]).map(({ seq }) => seq));
        await send(bob, chatId, `meanwhile ${start} ${seqs.length}`);
        path = /<(.*)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1];
        if (seqs.length > 200) throw new Error("it does not end");
        if (start.includes("after") && seqs.length >= 23) break;
      }
      return seqs;
    };
    const all = Array.from({ length: 23 }, (_, index) => index + 1);
    expect((await walk("?before=24&limit=5")).sort((a, b) => a - b)).toEqual(all);
    expect((await walk("?after=0&limit=5")).slice(0, 23)).toEqual(all);
    const seqsAt = async (query: string): Promise<number[]> =>
      (await get<{ seq: number }[]>(`/chats/${chatId}/messages${query}`, bob)).map(({ seq }) => seq);
    expect(await seqsAt("?around=10&limit=4")).toEqual([8, 9, 10, 11]);
    expect(await seqsAt("?around=1&limit=4")).toEqual([1, 2, 3, 4]);
    expect(await seqsAt("?after=3&before=6")).toEqual([4, 5]);
    expect(await seqsAt(`?before=${chatId}.3`)).toEqual([1, 2]);
    expect(await seqsAt("?after=900000000")).toEqual([]);
    expect(await seqsAt("?before=0")).toEqual([]);
    for (const wrong of [
      "?limit=101",
      "?limit=0",
      "?limit=1e1",
      "?before=x",
      "?before=1e1",
      "?after=+1",
      "?around=0xa",
      `?before=${chatId}.1e1`,
      "?around=1&after=1",
      `?before=${crypto.randomUUID()}.1`,
    ])
      expect(await call("GET", `/chats/${chatId}/messages${wrong}`, bob)).toMatchObject({ status: 422 });
    for (const wrong of ["?offset=1e1", "?offset=1.0", "?limit=0x5", "?limit=+5"])
      expect(await call("GET", `/history/${chatId}${wrong}`, bob)).toMatchObject({ status: 422 });
  });

  it("pages through the list of chats, newest activity first", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 7; n += 1) ids.push(await createGroup(alice, [bob], `g${n}`));
    await send(alice, ids[2] ?? "", "newest");
    const expected = [ids[2], ...ids.filter((_, index) => index !== 2).reverse()];
    const seen: string[] = [];
    for (let path: string | undefined = "?limit=3"; path !== undefined;) {
      const page = await call("GET", `/chats${path}`, bob);
      seen.push(...(page.json as { id: string }[]).map(({ id }) => id));
      path = /<(.*)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1];
    }
    expect(seen).toEqual(expected);
    expect(await call("GET", "/chats?cursor=made-up", bob)).toMatchObject({ status: 422 });
  });

  it("counts as unread what others wrote and did not delete", async () => {
    const chatId = await createGroup(alice, [bob]);
    const gone = await send(alice, chatId, "gone");
    await send(bob, chatId, "own");
    await send(alice, chatId, "there");
    expect(await get("/unread", bob)).toEqual({ total: 2, chats: { [chatId]: 2 } });
    await done("DELETE", `/messages/${gone}`, alice);
    expect(await get("/unread", bob)).toEqual({ total: 1, chats: { [chatId]: 1 } });
    expect(await get("/chats", bob)).toMatchObject([{ unread_count: 1 }]);
    await done("POST", `/chats/${chatId}/read`, bob, { up_to: 3 });
    expect(await get("/unread", bob)).toEqual({ total: 0, chats: {} });
    expect(await get(`/chats/${chatId}/messages`, alice)).toMatchObject([
      { seq: 1, text: "", deleted: true, is_read: true, read_count: 1 },
      { seq: 2, is_read: false, read_count: 0 },
      { seq: 3, is_read: true, read_count: 1 },
    ]);
  });

  it("lists as readers who were in when it was sent, not who came later", async () => {
    const chatId = await createGroup(alice, [bob]);
    const message = await send(alice, chatId, "hello");
    await done("POST", `/chats/${chatId}/members`, alice, { user_ids: [carol.id] });
    const later = await send(alice, chatId, "later");
    await done("PUT", `/messages/${later}/read`, carol);
    await done("PUT", `/messages/${later}/read`, bob);
    const readers = async (id: string): Promise<string[]> =>
      (await get<{ user_id: string }[]>(`/messages/${id}/readers`, alice)).map(({ user_id }) => user_id);
    expect(await readers(message)).toEqual([bob.id]);
    expect(await readers(later)).toEqual([carol.id, bob.id]);
  });

  it("shows nothing of a chat to a stranger, to who has left, and to anyone once it is deleted", async () => {
    const eve = await register("Eve");
    const chatId = await createGroup(alice, [bob, carol]);
    const message = await send(alice, chatId, "secret");
    await done("POST", `/chats/${chatId}/leave`, carol, {});
    const deletedId = await createGroup(alice, [bob]);
    const deletedMessage = await send(alice, deletedId, "gone");
    await call("DELETE", `/chats/${deletedId}`, alice);
    const paths = (id: string, messageId: string): string[] => [
      `/chats/${id}`,
      `/chats/${id}/members`,
      `/chats/${id}/messages`,
      `/history/${id}`,
      `/history/${id}?limit=5`,
      `/messages/${messageId}/readers`,
    ];
    const statusOf = async (path: string, who: Person): Promise<string> =>
      `${path} ${(await call("GET", path, who)).status}`;
    for (const path of paths(chatId, message)) {
      expect(await statusOf(path, bob)).toBe(`${path} 200`);
      expect(await statusOf(path, eve)).toBe(`${path} 404`);
      expect(await statusOf(path, carol)).toBe(`${path} 404`);
      expect((await call("GET", path, null)).status).toBe(401);
    }
    for (const path of paths(deletedId, deletedMessage)) expect(await statusOf(path, alice)).toBe(`${path} 404`);
    expect(await get("/chats", carol)).toEqual([]);
    expect(await get("/chats", alice)).toMatchObject([{ id: chatId }]);
  });

  it("answers many who ask for the same pages at one moment each for himself, with what was written just before", async () => {
    const chats = [await createGroup(alice, [bob]), await createGroup(alice, [bob]), await createGroup(bob, [alice])];
    for (const chatId of chats) await send(alice, chatId, "first");
    const ask = () =>
      Promise.all(
        Array.from({ length: 60 }, async (_, index) => {
          const [chatId, who] = [chats[index % 3] ?? "", [alice, bob, carol][Math.floor(index / 3) % 3] ?? carol];
          const { status, json } = await call("GET", `/chats/${chatId}/messages`, who);
          const texts = status === 200 ? (json as { text: string }[]).map(({ text }) => text) : status;
          return [chatId, who.id, texts];
        }),
      );
    const expected = (texts: (chatId: string) => string[]) =>
      Array.from({ length: 60 }, (_, index) => {
        const [chatId, who] = [chats[index % 3] ?? "", [alice, bob, carol][Math.floor(index / 3) % 3] ?? carol];
        return [chatId, who.id, who === carol ? 404 : texts(chatId)];
      });
    expect(await ask()).toEqual(expected(() => ["first"]));
    // The pages are kept by now: one of the chats has moved on since, the others have not.
    await send(bob, chats[1] ?? "", "second");
    expect(await ask()).toEqual(expected((chatId) => (chatId === chats[1] ? ["first", "second"] : ["first"])));
  });

  it("says the position that an answer is complete up to, and that one of a degraded chat is not all", async () => {
    const chatId = await createGroup(alice, [bob]);
    const fresh = await call("GET", `/chats/${chatId}`, alice);
    const position = decodeCursor(fresh.headers.get("chat-position") ?? "");
    expect(position).toMatchObject({ log: shortLogId(logId), offsets: { length: 4 } });
    expect(fresh.headers.get("chat-stale")).toBeNull();
    await send(alice, chatId, "moves it");
    const later = decodeCursor((await call("GET", "/chats", alice)).headers.get("chat-position") ?? "");
    expect(sum(later?.offsets)).toBeGreaterThan(sum(position?.offsets));

    await database.pool.query("UPDATE read_1.chats SET degraded = true WHERE chat_id = $1", [chatId]);
    for (const path of [`/chats/${chatId}`, `/chats/${chatId}/messages`, "/chats", "/unread"])
      expect((await call("GET", path, alice)).headers.get("chat-stale")).toBe("true");
    const eventual = await call("GET", `/chats/${chatId}`, alice, undefined, { "chat-consistency": "eventual" });
    expect(eventual.status).toBe(200);
    const stranger = await call("GET", `/chats/${chatId}`, carol);
    expect({ status: stranger.status, position: stranger.headers.get("chat-position") }).toMatchObject({
      status: 404,
      position: expect.any(String),
    });
  });
});

const parse = (text: string): unknown => (text === "" ? undefined : JSON.parse(text));
const sum = (numbers: readonly number[] = []): number => numbers.reduce((total, one) => total + one, 0);
