import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { WebSocket } from "ws";
import { createRateLimits } from "@chat/shared/http/rate-limits";
import { createLogger } from "@chat/shared/telemetry/logger";
import { eventually } from "@chat/shared/testing/eventually";
import { createFrameCheck } from "@chat/shared/testing/frame-check";
import { openSocket, type SocketClient } from "@chat/shared/testing/socket-client";
import { createSpecDatabase } from "@chat/shared/testing/with-postgres";
import { createEmbeddedChat, type EmbeddedChat } from "./chat.ts";

jest.setTimeout(120_000);
const within = { within: 30_000 };
const COMMANDS_A_MINUTE = 12;
const secret = "a secret that is long enough for HS256 to like";
const logger = createLogger({ service: "spec", level: "silent" });

interface Person {
  readonly id: string;
  readonly access_token: string;
}

let database: Awaited<ReturnType<typeof createSpecDatabase>>;
let dataDir: string;
let chat: EmbeddedChat;
let at: string;
let people = 0;
const failures: unknown[] = [];

beforeAll(async () => {
  database = await createSpecDatabase();
  dataDir = await mkdtemp(join(tmpdir(), "chat-limits-"));
  // For specs that run as root: PostgreSQL's own user must be able to enter.
  await chmod(dataDir, 0o755);
  const options = { dataDir, databaseUrl: database.url, secretKey: secret, accessTokenMinutes: 30, partitions: 4 };
  const limits = createRateLimits({ read: 0, command: COMMANDS_A_MINUTE, account: 0 });
  const wide = { port: 0, allowedOrigins: undefined, flood: { burst: 60, perSecond: 20 } };
  const limiting = { limits, behindProxy: false };
  chat = createEmbeddedChat({ ...options, ...wide, limiting }, { log: logger, fail: (error) => failures.push(error) });
  await chat.start();
  at = `127.0.0.1:${String(chat.address().port)}`;
});

afterAll(async () => {
  await chat.stop();
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
  expect(failures).toEqual([]);
});

async function post(path: string, body: object, token?: string): Promise<{ status: number; json: unknown }> {
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const response = await fetch(`http://${at}${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...authorization },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: await response.json() };
}

async function register(): Promise<Person> {
  const email = `person${String((people += 1))}@example.com`;
  return (await post("/api/register", { email, password: "password123" })).json as Person;
}

/** The first command of its owner. */
async function groupOf(owner: Person, other: Person): Promise<string> {
  const group = { name: "us", member_ids: [other.id] };
  return ((await post("/api/chats", group, owner.access_token)).json as { id: string }).id;
}

const connect = ({ access_token: token }: Person): Promise<SocketClient> => openSocket(`ws://${at}/ws?token=${token}`);
const send = (chatId: string, id: string): object => ({ type: "send", id, chat_id: chatId, text: id });
const answers = (sockets: readonly SocketClient[]) =>
  sockets.flatMap(({ frames }) => frames.filter(({ type }) => type === "reply" || type === "error"));
const codes = (sockets: readonly SocketClient[]) =>
  answers(sockets).flatMap(({ error }) => (error === undefined ? [] : [(error as { code: string }).code]));

describe("the commands of one user a minute", () => {
  it("are as many from all sockets and over HTTP together; others, acks and pings go on", async () => {
    const [alice, bob] = [await register(), await register()];
    const group = await groupOf(alice, bob);
    const sockets = await Promise.all([alice, alice, alice, alice].map(connect));
    for (const [index, socket] of sockets.entries()) {
      for (let n = 0; n < 5; n += 1) socket.send(send(group, `${String(index)}-${String(n)}`));
    }
    await eventually(() => expect(answers(sockets)).toHaveLength(20), within);
    const left = COMMANDS_A_MINUTE - 1;
    expect(codes(sockets)).toEqual(Array.from({ length: 20 - left }, () => "too_many_requests"));
    const over = await post(`/api/chats/${group}/messages`, { text: "by HTTP" }, alice.access_token);
    expect(over).toMatchObject({ status: 429, json: { code: "too_many_requests" } });

    const [first] = sockets;
    first?.send({ type: "ping", id: "still there" });
    first?.send({ type: "ack", id: "heard", cursor: first.cursor() });
    await eventually(() => {
      const said = first?.frames.filter(({ id }) => id === "still there" || id === "heard");
      expect(said).toEqual([expect.objectContaining({ ok: true }), expect.objectContaining({ ok: true })]);
    }, within);
    const other = await connect(bob);
    other.send(send(group, "from Bob"));
    await eventually(() => expect(answers([other])).toMatchObject([{ ok: true }]), within);
    for (const { ws } of [...sockets, other]) ws.terminate();
  });

  it("are refused on a socket of texts in its own words", async () => {
    const [alice, bob] = [await register(), await register()];
    const group = await groupOf(alice, bob);
    const url = `ws://${at}/ws/${alice.id}/${group}?token=${alice.access_token}`;
    const ws = new WebSocket(url);
    const heard: string[] = [];
    ws.on("message", (data: Buffer) => heard.push(data.toString()));
    await once(ws, "open");
    for (let n = 0; n < COMMANDS_A_MINUTE; n += 1) ws.send(`text ${String(n)}`);
    await eventually(() => expect(heard.filter((text) => text.startsWith("✅"))).toHaveLength(11), within);
    await eventually(() => expect(heard.join("\n")).toContain("слишком много сообщений, подождите"), within);
    ws.terminate();
    heard.forEach(createFrameCheck(url));
  });
});
