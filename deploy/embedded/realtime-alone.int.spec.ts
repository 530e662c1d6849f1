import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { describe, expect, it, jest } from "@jest/globals";
import { WebSocket } from "ws";
import { identityMigrations } from "@chat/command-api/migrations";
import { projectorMigrations } from "@chat/projector/migrations";
import { createProjector } from "@chat/projector/service";
import { realtimeMigrations } from "@chat/realtime/migrations";
import { createRealtime, type RealtimeOptions } from "@chat/realtime/service";
import { messageObject } from "@chat/shared/api/message-object";
import type { CommandPort } from "@chat/shared/commands/command-port";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { createRevokedSessionList } from "@chat/shared/identity/revoked-sessions";
import { createMemoryLog } from "@chat/shared/log/memory/memory-log";
import { directoryMigrations } from "@chat/shared/partitions/migrations";
import { Rejection } from "@chat/shared/rejection";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { createChatWriter } from "@chat/shared/testing/chat-writer";
import { checkFrameToClient } from "@chat/shared/testing/check-frame";
import { eventually } from "@chat/shared/testing/eventually";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { createWakeup } from "@chat/shared/wakeup";
import { serveSockets } from "./testing/serve-sockets.ts";

jest.setTimeout(60_000);
const PARTITIONS = 4;
const chat = "0197a3c0-0000-7000-8000-000000000001";
const other = "0197a3c0-0000-7000-8000-000000000002";
const [alice, bob, eve] = ["1", "2", "3"] as const;
const tokens = createAccessTokens({ secret: "a secret that is long enough for HS256", lifetimeSeconds: 60 });
const logger = createLogger({ service: "spec", level: "silent" });

const send = (seq: number, text = `message ${seq}`): ChatEvent => ({
  type: "MessageSent",
  seq,
  replyTo: null,
  content: { text },
});
const groupOf = (...userIds: string[]): ChatEvent => ({
  type: "ChatCreated",
  chatType: "group",
  members: userIds.map((userId, index) => ({ userId, role: index === 0 ? "owner" : "member" })),
  content: { title: "the team", description: null },
});

interface Frame {
  readonly type: string;
  readonly version?: number;
  readonly seq?: number;
  readonly at?: string;
  readonly id?: string;
  readonly payload?: Record<string, unknown>;
  readonly [field: string]: unknown;
}

interface Client {
  readonly ws: WebSocket;
  readonly frames: Frame[];
  /** Who is there, too. */
  readonly heard: readonly Frame[];
  readonly closed: Promise<number>;
  send(frame: object | string): void;
  /** The types of all frames but `ready`. */
  types(): string[];
}

interface Stack {
  /** Appends as the chat's owner would; versions are counted here. */
  append(chatId: string, actor: string, ...events: ChatEvent[]): Promise<void>;
  connect(userId: string, query?: string): Promise<Client>;
  /** The answer to a handshake that is refused. */
  refused(path: string): Promise<{ status: number; code: string }>;
  /** Until the read models hold everything. */
  projected(): Promise<void>;
  stop(): Promise<void>;
}

describe("realtime", () => {
  it("says where the stream starts, then tells members what happens, in order", () =>
    withRealtime(async ({ append, connect, projected }) => {
      await append(chat, alice, groupOf(alice, bob), send(1));
      await projected();
      const [one, two] = [await connect(alice), await connect(bob)];
      expect(one.frames[0]).toMatchObject({ type: "ready", user_id: alice, resumed: false, heartbeat: 25 });
      await append(chat, alice, send(2), send(3));
      await append(chat, bob, { type: "MessageRead", from: 0, upTo: 3, named: 3 });
      for (const client of [one, two]) {
        await eventually(() => expect(client.types()).toEqual(["new_message", "new_message", "read"]));
        expect(client.frames.slice(1).map(({ version }) => version)).toEqual([3, 4, 5]);
      }
      expect(one.frames[1]).toMatchObject({
        chat_id: chat,
        seq: 2,
        payload: { id: `${chat}.2`, text: "message 2", sender_id: alice },
      });
      expect(new Set(one.frames.map(({ at }) => at)).size).toBe(4);
    }));

  it("finds a user's chats in the events that the read models do not hold yet", () =>
    withRealtime(
      async ({ append, connect }) => {
        await append(chat, alice, groupOf(alice, bob));
        const client = await connect(bob);
        await append(chat, alice, send(1));
        await eventually(() => expect(client.types()).toEqual(["new_message"]));
      },
      { projecting: false },
    ));

  it("tells a stranger nothing", () =>
    withRealtime(async ({ append, connect, projected }) => {
      await append(chat, alice, groupOf(alice, bob));
      await append(other, alice, groupOf(alice, eve));
      await projected();
      const stranger = await connect(eve);
      await append(chat, alice, send(1));
      await append(other, alice, send(1));
      await eventually(() => expect(stranger.frames.at(-1)).toMatchObject({ type: "new_message", chat_id: other }));
      expect(stranger.types()).toEqual(["new_message"]);
    }));

  it("tells who is let in the whole chat and what comes then, and who is removed nothing after that", () =>
    withRealtime(async ({ append, connect, projected }) => {
      await append(chat, alice, groupOf(alice, bob), send(1));
      await projected();
      const [stays, comes] = [await connect(alice), await connect(eve)];
      await append(
        chat,
        alice,
        { type: "MembersAdded", members: [{ userId: eve, role: "member" }], readUpTo: 1 },
        send(2),
      );
      await append(chat, alice, { type: "MemberRemoved", userId: eve }, send(3));
      await eventually(() =>
        expect(stays.types()).toEqual(["member_added", "new_message", "member_removed", "new_message"]),
      );
      expect(comes.types()).toEqual(["create_chat", "new_message", "member_removed"]);
      expect(comes.frames[1]).toMatchObject({
        version: 3,
        payload: { id: chat, member_ids: [alice, bob, eve], name: "the team" },
      });
      expect(comes.frames[3]).toMatchObject({ payload: { user_id: eve, by: alice } });
    }));

  it("tells each author which of his messages everyone has read", () =>
    withRealtime(async ({ append, connect, projected }) => {
      await append(chat, alice, groupOf(alice, bob), send(1), send(2));
      await projected();
      const author = await connect(alice);
      await append(
        chat,
        bob,
        { type: "MessageRead", from: 0, upTo: 2, named: null },
        { type: "MessagesFullyRead", from: 0, upTo: 0, slowest: alice, slowestFrom: 0, slowestUpTo: 2, former: null },
      );
      await eventually(() => expect(author.types()).toEqual(["read", "fully_read"]));
      expect(author.frames[2]).toMatchObject({ payload: { message_ids: [`${chat}.1`, `${chat}.2`], up_to: 2 } });
    }));

  it("passes commands on in order and answers each by its id", () => {
    const received: string[] = [];
    const commands: CommandPort = async (_caller, command) => {
      if (command.type === "MarkRead") throw new Rejection("not_found", "There is no such chat.");
      received.push(command.text);
      return { type: "MessageSent", repeated: false, message: messageOf(command.text) };
    };
    return withRealtime(
      async ({ connect }) => {
        const client = await connect(alice);
        for (const text of ["a", "b", "c"]) client.send({ type: "send", id: text, chat_id: chat, text });
        client.send({ type: "read", id: "r", chat_id: chat, up_to: 3 });
        client.send({ type: "ping", id: "p" });
        await eventually(() => expect(client.types()).toHaveLength(5));
        expect(received).toEqual(["a", "b", "c"]);
        expect(client.frames.find(({ id }) => id === "a")).toMatchObject({
          type: "reply",
          ok: true,
          result: { id: `${chat}.1`, text: "a" },
        });
        expect(client.frames.find(({ id }) => id === "r")).toMatchObject({
          ok: false,
          error: { code: "not_found", status: 404 },
        });
      },
      { commands },
    );
  });

  it.each([
    ["no JSON", "{", "malformed_json"],
    ["no object", "[]", "validation_failed"],
    ["no type", "{}", "validation_failed"],
    ["an unknown type", '{"type":"fly"}', "validation_failed"],
    ["a NUL", '{"type":"send","chat_id":"x","text":"\\u0000"}', "validation_failed"],
    ["too deep", "[".repeat(1_000), "too_deep"],
    ["too large for its type", `{"type":"ping","x":"${"x".repeat(2_000)}"}`, "payload_too_large"],
    ["a text too long", JSON.stringify({ type: "send", chat_id: chat, text: "x".repeat(17_000) }), "validation_failed"],
    ["a cursor made up", '{"type":"ack","cursor":"made up"}', "validation_failed"],
  ])("answers a frame with %s by an error, and the socket stays", (_what, frame, code) =>
    withRealtime(async ({ connect }) => {
      const client = await connect(alice);
      client.send(frame);
      client.send({ type: "ping", id: "still here" });
      await eventually(() => expect(client.types()).toEqual(["error", "reply"]));
      expect(client.frames[1]).toMatchObject({ error: { code } });
    }),
  );

  it("answers every ping, however many come in one go", () =>
    withRealtime(async ({ connect }) => {
      const client = await connect(alice);
      const answered: string[] = [];
      client.ws.on("pong", (payload) => answered.push(payload.toString()));
      const numbers = Array.from({ length: 1_000 }, (_, number) => String(number));
      for (const number of numbers) client.ws.ping(number);
      await eventually(() => expect(answered).toEqual(numbers));
    }));

  it("closes on frames that are binary, too large or too many", () =>
    withRealtime(async ({ connect }) => {
      const [binary, large, many] = [await connect(alice), await connect(alice), await connect(alice)];
      binary.ws.send(Buffer.from("x"));
      large.ws.send("x".repeat(65 * 1024));
      for (let sent = 0; sent < 200; sent += 1) many.send({ type: "fly" });
      expect(await Promise.all([binary.closed, large.closed, many.closed])).toEqual([1003, 1009, 4429]);
    }));

  it.each([
    ["without a token", "/ws", 401, "unauthenticated"],
    ["with a wrong token", "/ws?token=nonsense", 401, "unauthenticated"],
    ["where there is no socket", "/elsewhere", 404, "not_found"],
  ])("refuses a handshake %s", (_what, path, status, code) =>
    withRealtime(async ({ refused }) => expect(await refused(path)).toEqual({ status, code })),
  );

  it("bounds the sockets of a user, and takes another when one has closed", () =>
    withRealtime(
      async ({ connect, refused }) => {
        const [first] = [await connect(alice), await connect(alice)];
        const path = `/ws?token=${tokens.sign({ userId: alice as never, sessionId: "s" })}`;
        expect(await refused(path)).toEqual({ status: 429, code: "too_many_requests" });
        first?.ws.close();
        await first?.closed;
        await eventually(() => connect(alice));
      },
      { limits: { maxSocketsPerUser: 2 } },
    ));

  it("closes a reader that is too slow with 4008, and the others go on", () =>
    withRealtime(
      async ({ append, connect, projected }) => {
        await append(chat, alice, groupOf(alice, bob));
        await projected();
        const [slow, quick] = [await connect(bob), await connect(alice)];
        slow.ws.pause();
        // More than what the kernel holds for a socket on top of the queue.
        const text = "x".repeat(16_000);
        const count = 1_000;
        for (let seq = 1; seq <= count; seq += 50) {
          await append(chat, alice, ...Array.from({ length: 50 }, (_, index) => send(seq + index, text)));
          await eventually(() => expect(quick.types()).toHaveLength(seq + 49));
        }
        slow.ws.resume();
        expect(await slow.closed).toBe(4008);
        const seqs = slow.frames.slice(1).map(({ seq }) => seq);
        expect(seqs).toEqual(seqs.map((_, index) => index + 1));
        expect(quick.ws.readyState).toBe(WebSocket.OPEN);
      },
      { limits: { maxQueueBytes: 256 * 1024 } },
    ));

  it("closes a socket that does not answer a ping, and not one that does", () =>
    withRealtime(
      async ({ connect }) => {
        const [mute, lively] = [await connect(alice, "&mute"), await connect(alice)];
        expect(await mute.closed).toBe(4408);
        expect(lively.ws.readyState).toBe(WebSocket.OPEN);
      },
      { limits: { heartbeatMs: 200 } },
    ));

  it("says that the stream has moved on when nothing of it was for this device", () =>
    withRealtime(
      async ({ append, connect }) => {
        const client = await connect(eve);
        await append(chat, alice, groupOf(alice, bob));
        await eventually(() => expect(client.frames.at(-1)).toMatchObject({ type: "cursor" }));
        expect(client.frames.at(-1)?.at).not.toBe(client.frames[0]?.["cursor"]);
      },
      { limits: { heartbeatMs: 200 } },
    ));

  it("asks devices to come back when it stops", () =>
    withRealtime(async ({ connect, stop }) => {
      const clients = await Promise.all(Array.from({ length: 30 }, () => connect(alice)));
      await stop();
      expect(new Set(await Promise.all(clients.map(({ closed }) => closed)))).toEqual(new Set([1012]));
    }));
});

function messageOf(text: string) {
  return messageObject({
    chatId: chat,
    seq: 1,
    senderId: alice,
    text,
    clientMessageId: null,
    replyTo: null,
    sentAt: new Date(0).toISOString(),
    editedAt: null,
    deleted: false,
    fullyRead: false,
    readCount: 0,
    files: [],
  });
}

interface Settings extends Pick<RealtimeOptions, "limits"> {
  readonly commands?: CommandPort;
  readonly projecting?: boolean;
}

/** Realtime on a port of its own, over a log in memory, with read models that the projector keeps. */
function withRealtime(use: (stack: Stack) => Promise<void>, settings: Settings = {}): Promise<void> {
  return withPostgres(
    async ({ pool, url }) => {
      const log = createMemoryLog({ id: "a-log", partitions: PARTITIONS });
      const progress = createWakeup();
      const onFatal = (error: unknown): never => {
        throw error;
      };
      const metrics = createMetrics();
      const projector = createProjector({ log, pool, databaseUrl: url, logger, metrics, progress, onFatal });
      const refuseAll: CommandPort = async () => {
        throw new Rejection("unavailable", "Nobody decides here.");
      };
      const realtime = createRealtime({
        log,
        pool,
        tokens,
        revoked: createRevokedSessionList({ tokenLifetimeSeconds: tokens.lifetimeSeconds }),
        commands: settings.commands ?? refuseAll,
        logger,
        metrics: createMetrics(),
        ...(settings.limits === undefined ? {} : { limits: settings.limits }),
      });
      if (settings.projecting !== false) await projector.start();
      await realtime.start();
      const { port, close } = await serveSockets(realtime.handleUpgrade);
      const clients: Client[] = [];
      try {
        await use({
          append: createChatWriter(log),
          async connect(userId, query = "") {
            const token = tokens.sign({ userId: userId as never, sessionId: `session of ${userId}` });
            const client = await open(`ws://127.0.0.1:${port}/ws?token=${token}${query}`, !query.includes("mute"));
            clients.push(client);
            return client;
          },
          refused: (path) => refusedAt(port, path),
          projected: () =>
            eventually(async () => {
              const { rows } = await pool.query<{ sum: number }>(
                "SELECT sum(next_offset)::int FROM read_1.checkpoints",
              );
              expect(rows[0]?.sum).toBe((await log.ends()).reduce((sum, end) => sum + end, 0));
            }),
          stop: () => realtime.stop(),
        });
        for (const { heard } of clients) heard.forEach(checkFrameToClient);
      } finally {
        for (const { ws } of clients) ws.terminate();
        await realtime.stop();
        await projector.stop();
        close();
        await log.close();
      }
    },
    { migrations: [directoryMigrations, identityMigrations, projectorMigrations, realtimeMigrations] },
  );
}

async function open(url: string, autoPong: boolean): Promise<Client> {
  const ws = new WebSocket(url, { autoPong });
  const frames: Frame[] = [];
  const heard: Frame[] = [];
  const closed = new Promise<number>((resolve) => ws.once("close", resolve));
  const ready = once(ws, "message");
  ws.on("message", (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as Frame;
    heard.push(frame);
    // Who is there belongs to signals.int.spec.ts.
    if (frame.type !== "presence") frames.push(frame);
  });
  ws.on("error", () => undefined);
  await Promise.race([ready, closed.then((code) => Promise.reject(new Error(`closed with ${code}`)))]);
  return {
    ws,
    frames,
    heard,
    closed,
    send: (frame) => ws.send(typeof frame === "string" ? frame : JSON.stringify(frame)),
    types: () => frames.slice(1).map(({ type }) => type),
  };
}

async function refusedAt(port: number, path: string): Promise<{ status: number; code: string }> {
  const headers = {
    "x-request-id": "spec:1",
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  };
  const request = httpRequest({ host: "127.0.0.1", port, path, headers });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  expect(response.headers["content-type"]).toBe("application/problem+json");
  let text = "";
  for await (const chunk of response) text += String(chunk);
  const { code, request_id: named } = JSON.parse(text) as { code: string; request_id: string };
  expect([named, response.headers["x-request-id"]]).toEqual(["spec:1", "spec:1"]);
  return { status: response.statusCode ?? 0, code };
}
