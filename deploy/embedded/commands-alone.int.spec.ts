import { describe, expect, it } from "@jest/globals";
import { createAuthenticate } from "@chat/shared/http/authenticate";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { createRevokedSessionList } from "@chat/shared/identity/revoked-sessions";
import { logMigrations } from "@chat/shared/log/postgres/migrations";
import { createPostgresLog, openPostgresLog } from "@chat/shared/log/postgres/postgres-log";
import { directoryMigrations } from "@chat/shared/partitions/migrations";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { withHttpServer, type TestServer } from "@chat/shared/testing/http-server";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { createWakeup } from "@chat/shared/wakeup";
import { noFiles } from "@chat/shared/testing/no-files";
import { projectorMigrations } from "@chat/projector/migrations";
import { pino } from "pino";
import { identityMigrations } from "@chat/command-api/migrations";
import { createCommandApi } from "@chat/command-api/service";

const secret = "a secret that is long enough for HS256 to like";

describe("the command-api on an empty database", () => {
  it("takes a chat and its messages, each key once", () =>
    withCommandApi(async (api) => {
      const alice = await api.register("alice");
      const bob = await api.register("bob");
      const chat = await api.call("POST", "/chats", alice.token, { chat_type: "private", member_ids: [bob.id] });
      expect(chat).toMatchObject({
        status: 201,
        json: { chat_type: "private", member_ids: [alice.id, bob.id], message: "Чат создан" },
      });
      const again = await api.call("POST", "/chats", bob.token, { chat_type: "private", member_ids: [alice.id] });
      expect(again).toMatchObject({ status: 200, json: { id: idOf(chat) } });

      const path = `/chats/${idOf(chat)}/messages`;
      const sent = await api.call("POST", path, alice.token, { text: "hello", client_message_id: "m1" });
      expect(sent).toMatchObject({
        status: 201,
        json: { seq: 1, text: "hello", client_message_id: "m1", is_read: false },
      });
      const repeated = await api.call("POST", path, alice.token, { text: "hello", client_message_id: "m1" });
      expect(repeated).toMatchObject({ status: 200, json: { id: idOf(sent) } });
      const other = await api.call("POST", path, alice.token, { text: "other", client_message_id: "m1" });
      expect(other).toMatchObject({ status: 409, json: { code: "idempotency_conflict" } });

      const read = await api.call("PUT", `/messages/${idOf(sent)}/read`, bob.token);
      expect(read).toMatchObject({ status: 200, json: { read_up_to: 1, fully_read: true, unread_count: 0 } });
      const edited = await api.call("PUT", `/messages/${idOf(sent)}`, alice.token, { text: "hello!" });
      expect(edited).toMatchObject({ status: 200, json: { text: "hello!", is_read: true, read_count: 1 } });
    }));

  it("says of whatever was read last whether everybody has read it", () =>
    withCommandApi(async (api) => {
      const [alice, bob, charlie] = [
        await api.register("alice"),
        await api.register("bob"),
        await api.register("charlie"),
      ];
      const chat = await api.call("POST", "/chats", alice.token, { name: "us", member_ids: [bob.id, charlie.id] });
      await api.call("POST", `/chats/${idOf(chat)}/messages`, bob.token, { text: "one" });
      const read = (who: { token: string }, body: object) =>
        api.call("POST", `/chats/${idOf(chat)}/read`, who.token, body);
      expect(await read(alice, {})).toMatchObject({ json: { read_up_to: 1, fully_read: false, unread_count: 0 } });
      expect(await read(charlie, { up_to: 99 })).toMatchObject({ json: { read_up_to: 1, fully_read: true } });
      expect(await read(alice, {})).toMatchObject({ json: { read_up_to: 1, fully_read: true } });
    }));

  it("says of a chat without messages that nothing is fully read", () =>
    withCommandApi(async (api) => {
      const [alice, bob] = [await api.register("alice"), await api.register("bob")];
      const chat = await api.call("POST", "/chats", alice.token, { member_ids: [bob.id] });
      expect(await api.call("POST", `/chats/${idOf(chat)}/read`, alice.token, {})).toMatchObject({
        json: { read_up_to: 0, fully_read: false, unread_count: 0 },
      });
    }));

  it("takes name and title for one thing, and refuses two that differ", () =>
    withCommandApi(async (api) => {
      const alice = await api.register("alice");
      const chat = await api.call("POST", "/chats", alice.token, { name: "us", title: "us" });
      const rename = (titles: object) => api.call("PATCH", `/chats/${idOf(chat)}`, alice.token, titles);
      expect(await rename({ name: "we", title: "we" })).toMatchObject({
        status: 200,
        json: { name: "we", title: "we" },
      });
      for (const titles of [
        { name: "a", title: "b" },
        { name: null, title: "b" },
      ])
        expect(await rename(titles)).toMatchObject({ status: 422, json: { errors: [{ pointer: "/title" }] } });
      expect(await api.call("POST", "/chats", alice.token, { name: "a", title: "b" })).toMatchObject({ status: 422 });
    }));

  it("takes all that names the members, or the type, for one thing, and refuses what contradicts itself", () =>
    withCommandApi(async (api) => {
      const [alice, bob, charlie] = [
        await api.register("alice"),
        await api.register("bob"),
        await api.register("charlie"),
      ];
      const create = (fields: object) => api.call("POST", "/chats", alice.token, fields);
      expect(
        await create({ user2_id: bob.id, member_ids: [bob.id, alice.id], participant_ids: `${bob.id},${bob.id}` }),
      ).toMatchObject({ status: 201, json: { type: "private", member_ids: [alice.id, bob.id] } });
      for (const [fields, pointer] of [
        [{ chat_type: "private", user2_id: bob.id, member_ids: [charlie.id] }, "/user2_id"],
        [{ type: "group", participant_ids: [bob.id], member_ids: [charlie.id] }, "/participant_ids"],
        [{ chat_type: "group", type: "private", member_ids: [bob.id] }, "/type"],
        [{ type: "group", name: " \t ", member_ids: [bob.id] }, "/name"],
      ] as const)
        expect(await create(fields)).toMatchObject({
          status: 422,
          json: { errors: expect.arrayContaining([expect.objectContaining({ pointer })]) as unknown },
        });

      const group = await create({ type: "group" });
      const add = (query: string, body: object) =>
        api.call("POST", `/chats/${idOf(group)}/members${query}`, alice.token, body);
      expect(await add(`?user_id=${bob.id}`, { user_id: charlie.id })).toMatchObject({ status: 422 });
      expect(await add("", { user_id: bob.id, user_ids: [bob.id, charlie.id] })).toMatchObject({ status: 422 });
      expect(await add(`?user_id=${bob.id}`, { user_ids: [bob.id] })).toMatchObject({ status: 200 });
    }));

  it("refuses a private chat of three, though two of them have one", () =>
    withCommandApi(async (api) => {
      const [alice, bob, charlie] = [
        await api.register("alice"),
        await api.register("bob"),
        await api.register("charlie"),
      ];
      const create = (...memberIds: string[]) =>
        api.call("POST", "/chats", alice.token, { chat_type: "private", member_ids: memberIds });
      expect(await create(bob.id)).toMatchObject({ status: 201 });
      expect(await create(bob.id, charlie.id)).toMatchObject({ status: 422 });
    }));

  it("shows a stranger nothing", () =>
    withCommandApi(async (api) => {
      const [alice, bob, eve] = [await api.register("alice"), await api.register("bob"), await api.register("eve")];
      const chat = await api.call("POST", "/chats", alice.token, { name: "us", member_ids: [bob.id] });
      const answer = await api.call("POST", `/chats/${idOf(chat)}/messages`, eve.token, { text: "hi" });
      expect(answer).toMatchObject({ status: 404, json: { code: "not_found" } });
    }));
});

interface Api {
  register(name: string): Promise<{ id: string; token: string }>;
  call(method: string, path: string, token: string, body?: object): ReturnType<TestServer["send"]>;
}

function withCommandApi(use: (api: Api) => Promise<void>): Promise<void> {
  return withPostgres(
    async ({ pool, url }) => {
      await createPostgresLog(pool, "a-log", 4);
      const log = await openPostgresLog({ pool });
      const tokens = createAccessTokens({ secret, lifetimeSeconds: 60 });
      const logger = pino({ level: "silent" });
      const service = createCommandApi({
        log,
        pool,
        files: noFiles,
        databaseUrl: url,
        tokens,
        revoked: createRevokedSessionList({ tokenLifetimeSeconds: tokens.lifetimeSeconds }),
        secret,
        instanceUrl: () => "http://127.0.0.1:9",
        leaseChanges: createWakeup(),
        logger,
        metrics: createMetrics(),
      });
      await service.start();
      await service.share.start();
      const options = { routes: service.routes, authenticate: createAuthenticate(tokens) };
      await withHttpServer(options, async ({ send }) => {
        const call: Api["call"] = (method, path, token, body) =>
          send(method, path, {
            headers: {
              "content-type": "application/json",
              ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
            },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          });
        await use({
          call,
          async register(name) {
            const answer = await call("POST", "/register", "", {
              email: `${name}@example.com`,
              password: "password123",
              name,
            });
            const { id, access_token: token } = answer.json as { id: string; access_token: string };
            return { id, token };
          },
        });
      });
      await service.share.stop();
      await service.stop();
      await log.close();
    },
    { migrations: [logMigrations, directoryMigrations, projectorMigrations, identityMigrations] },
  );
}

const idOf = (answer: { json: unknown }): string => (answer.json as { id: string }).id;
