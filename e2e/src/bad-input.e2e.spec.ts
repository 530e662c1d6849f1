import { beforeAll, describe, expect, it } from "@jest/globals";
import { once } from "node:events";
import { WebSocket } from "ws";
import { createFrameCheck } from "@chat/shared/testing/frame-check";
import type { Problem } from "./harness/api.ts";
import { badBodies, bodyCalls } from "./bad-input/bad-bodies.ts";
import { badFields } from "./bad-input/bad-fields.ts";
import { badFrames } from "./bad-input/bad-frames.ts";
import { badPlaces } from "./bad-input/bad-places.ts";
import { badTokens } from "./bad-input/bad-tokens.ts";
import { makeWorld, secret, type World } from "./bad-input/world.ts";
import { useChat } from "./harness/embedded-chat.ts";
import { sendBytes, sendRaw, type RawAnswer, type RawRequest } from "./harness/raw-request.ts";
import { openSocket, type Socket } from "./harness/socket.ts";

/** More than any buffer on the way holds. */
const HUGE_BYTES = 20_000_000;

/** For the titles, which are made before anybody is there. */
const nameless: World = new Proxy({} as World, {
  get: (_target, name) => (name === "bob" ? { id: "{user}" } : `{${String(name)}}`),
});

describe("bad input", () => {
  const chat = useChat({ SECRET_KEY: secret });
  let world: World;
  let before: unknown;

  beforeAll(async () => {
    world = await makeWorld(chat.url);
    before = await everything();
  });

  /** What is stored, and where the log ends in every partition. */
  async function everything() {
    const paths = ["/users", "/chats", "/unread", `/history/${world.group}`, `/history/${world.pair}`];
    const answers = [];
    for (const user of [world.alice, world.bob]) {
      for (const path of [...paths, "/me"]) {
        const { status, body, headers } = await user.get(path);
        answers.push({ path, status, body, end: headers.get("chat-position"), stale: headers.get("chat-stale") });
      }
    }
    return answers;
  }

  async function ask(request: RawRequest): Promise<RawAnswer> {
    return sendRaw(await chat.url(), request);
  }

  async function askAsAlice(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    return ask({
      method,
      path,
      headers: {
        authorization: `Bearer ${world.alice.token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  describe.each(badBodies)(
    "a body with $what",
    ({ body, type = "application/json", headers, status, code, ...row }) => {
      const calls = bodyCalls.filter(({ forms }) => row.notForForms !== true || forms !== true);
      const prefixes = row.underApiOnly === true ? ["/api"] : ["/api", ""];
      it.each(calls.map((call) => ({ call, name: `${call.method} ${call.path(nameless)}` })))(
        `is ${status} ${code} for $name`,
        async ({ call }) => {
          for (const prefix of prefixes) {
            const answer = await ask({
              method: call.method,
              path: `${prefix}${call.path(world)}`,
              headers: {
                authorization: `Bearer ${world.alice.token}`,
                ...(type === "" ? {} : { "content-type": type }),
                ...headers,
              },
              body,
            });
            expectProblem(answer, status, code);
          }
        },
      );
    },
  );

  it("a body of 20 MB is 413, with and without a length, for members and for strangers", async () => {
    const path = `/api/chats/${world.group}/messages`;
    const common = { authorization: `Bearer ${world.alice.token}`, "content-type": "application/json" };
    const body = `{"text":"${"x".repeat(HUGE_BYTES)}"}`;
    expectProblem(await ask({ method: "POST", path, headers: common, body }), 413, "payload_too_large");
    const chunked = { ...common, "transfer-encoding": "chunked" };
    expectProblem(await ask({ method: "POST", path, headers: chunked, body }), 413, "payload_too_large");
    const { authorization: _own, ...unknown } = common;
    expectProblem(await ask({ method: "POST", path, headers: unknown, body }), 401, "unauthenticated");
    expectProblem(await ask({ method: "POST", path: "/login", headers: unknown, body }), 413, "payload_too_large");
  });

  it.each(badFields)("a field is 422: $what", async ({ ask: call, pointer }) => {
    const [method, path, body, headers] = call(world);
    for (const prefix of ["/api", ""]) {
      const answer = await askAsAlice(method, `${prefix}${path}`, body, headers);
      const { errors } = expectProblem(answer, 422, "validation_failed");
      expect(errors?.map((error) => error.pointer)).toContain(pointer);
    }
  });

  it.each(badPlaces)("$status for $what", async ({ method, path, body, status, code }) => {
    for (const prefix of ["/api", ""]) {
      const answer = await askAsAlice(method, `${prefix}${path(world)}`, body?.(world));
      expectProblem(answer, status, code);
      expect(answer.headers["allow"] !== undefined).toBe(status === 405);
    }
  });

  describe.each(badTokens)("a token: $what", ({ token, code = "unauthenticated" }) => {
    it("is 401 in the header and in the query, for reading and for writing", async () => {
      const bad = token(world);
      const header = { authorization: `Bearer ${bad}` };
      const query = `?token=${encodeURIComponent(bad)}`;
      const message = { "content-type": "application/json" };
      const path = `/chats/${world.group}/messages`;
      for (const request of [
        { path: "/me", headers: header },
        { path: `/api/chats${query}` },
        { path, method: "POST", headers: { ...header, ...message }, body: '{"text":"hi"}' },
        { path: `${path}${query}`, method: "POST", headers: message, body: '{"text":"hi"}' },
      ]) {
        const answer = await ask(request);
        expectProblem(answer, 401, code);
        expect(answer.headers["www-authenticate"]).toEqual(expect.stringContaining("Bearer"));
      }
    });

    it("opens no socket", async () => {
      const refused = await handshake(`/ws?token=${encodeURIComponent(token(world))}`);
      expect(refused).toMatchObject({ status: 401, code });
    });
  });

  it.each([
    ["nothing", {}],
    ["an empty header", { authorization: "" }],
    ["no token", { authorization: "Bearer" }],
    ["no token but a space", { authorization: "Bearer  " }],
    ["another scheme", { authorization: "Basic YWxpY2U6cGFzc3dvcmQ=" }],
    ["two tokens", { authorization: "Bearer x y" }],
  ])("who shows %s is 401", async (_what, headers) => {
    expectProblem(await ask({ path: "/api/me", headers }), 401, "unauthenticated");
  });

  it("a wrong header is not put right by a good query, and a good one is not spoilt", async () => {
    const query = `/me?token=${world.alice.token}`;
    expectProblem(await ask({ path: query, headers: { authorization: "Bearer x" } }), 401, "unauthenticated");
    expect((await askAsAlice("GET", "/me?token=x")).status).toBe(200);
    expect((await ask({ path: query })).status).toBe(200);
  });

  it.each([
    ["half an escape in the query", { path: "/users?query=%f" }, 400, "malformed_request"],
    ["bad UTF-8 in the query", { path: "/users?query=%ff" }, 400, "invalid_utf8"],
    ["headers of 20 KB", { path: "/me", headers: { "x-long": "x".repeat(20_000) } }, 431, "headers_too_large"],
    ["a path of 20 KB", { path: `/${"x".repeat(20_000)}` }, 431, "headers_too_large"],
  ])("%s", async (_what, { path, headers = {} }: RawRequest, status, code) => {
    const authorization = `Bearer ${world.alice.token}`;
    expectProblem(await ask({ path, headers: { authorization, ...headers } }), status, code);
  });

  it.each([
    ["words", "hello, is this the chat?\r\n\r\n"],
    ["a method that is none", "SHOUT /me HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["TLS", Buffer.from("16030100a5010000a10303", "hex")],
    ["a header without a name", "GET /me HTTP/1.1\r\nHost: x\r\n: nobody\r\n\r\n"],
    ["two lengths", "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"],
    [
      "a length and chunks",
      "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["a negative length", "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"],
    [
      "chunks that are none",
      "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    ],
    ["no host", "GET /me HTTP/1.1\r\n\r\n"],
    [
      "a handshake without a key",
      "GET /ws?token=TOKEN HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
    ],
    [
      "a handshake of another version",
      "GET /ws?token=TOKEN HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 99\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    ],
    [
      "a handshake by POST",
      "POST /ws?token=TOKEN HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    ],
  ])("bytes that are no request are 400 and the end of the connection: %s", async (_what, bytes) => {
    const sent = typeof bytes === "string" ? bytes.replace("TOKEN", world.alice.token) : bytes;
    const answer = await sendBytes(await chat.url(), sent);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toMatch(/"code":"malformed_request","request_id":"[^"]+"/);
  });

  it("passes over what it is expected to do and does not know", async () => {
    const head = `GET /api/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${world.alice.token}\r\n`;
    const asked = `${head}Expect: 200-maybe\r\nConnection: close\r\n\r\n`;
    expect(await sendBytes(await chat.url(), asked)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.each([
    ["bad UTF-8 in the name of a device", "/ws?device=%ff", "invalid_utf8"],
    ["half an escape in the name of a device", "/ws?device=%f", "malformed_request"],
  ])("%s opens no socket", async (_what, place, code) => {
    expect(await handshake(`${place}&token=${world.alice.token}`)).toMatchObject({ status: 400, code });
  });

  describe("on a socket", () => {
    let socket: Socket;
    // Bad frames count for the flood as all others do: a socket each.
    const open = async () => openSocket(await chat.url(), { token: world.alice.token });

    it.each(badFrames)("$what gets its $answer, and the socket stays", async ({ frame, code, answer }) => {
      socket = await open();
      socket.send(frame(world));
      const expected = answer === "reply" ? { type: "reply", id: "f", ok: false } : { type: "error" };
      expect(await socket.next({ type: answer })).toMatchObject({
        ...expected,
        error: { code, status: expect.any(Number) },
      });
      expect(await socket.ask({ type: "ping" })).toMatchObject({ ok: true });
      await socket.close();
    });

    it.each([
      ["a frame of 64 KiB and a byte", () => "x".repeat(65_537), 1009],
      ["a frame of 20 MB", () => "x".repeat(HUGE_BYTES), 1009],
      ["bytes", () => Buffer.from('{"type":"ping"}'), 1003],
    ])("%s closes it", async (_what, frame, code) => {
      socket = await open();
      socket.send(frame());
      expect(await socket.closed).toMatchObject({ code });
    });

    it("a text in bad UTF-8 closes it", async () => {
      const url = `${(await chat.url()).replace("http", "ws")}/ws?token=${world.alice.token}`;
      const ws = new WebSocket(url);
      const heard: string[] = [];
      ws.on("message", (data: Buffer) => heard.push(data.toString()));
      ws.on("error", () => undefined);
      await once(ws, "open");
      ws.send(Buffer.from([0x22, 0xff, 0xfe, 0x22]), { binary: false });
      const [code] = (await once(ws, "close")) as [number];
      expect(code).toBe(1007);
      heard.forEach(createFrameCheck(url));
    });

    it("a flood is warned and then closed, and who sends less is not", async () => {
      socket = await open();
      const calm = await open();
      for (let n = 0; n < 200; n += 1) socket.send({ type: "shout", id: `f-${n}` });
      expect(await socket.closed).toMatchObject({ code: 4429 });
      const refused = socket.heard.filter(
        (frame) => (frame["error"] as Problem | undefined)?.code === "too_many_requests",
      );
      expect(refused.length).toBeGreaterThan(0);
      expect(await calm.ask({ type: "ping" })).toMatchObject({ ok: true });
      await calm.close();
    });

    it.each([
      ["no token", () => "/ws", 401],
      ["another path", ({ alice }: World) => `/socket?token=${alice.token}`, 404],
      [
        "a device of 1,000 characters",
        ({ alice }: World) => `/ws?token=${alice.token}&device=${"x".repeat(1_000)}`,
        422,
      ],
      ["a device with NUL", ({ alice }: World) => `/ws?token=${alice.token}&device=%00`, 422],
    ])("a handshake is refused: %s", async (_what, path, status) => {
      expect(await handshake(path(world))).toMatchObject({ status });
    });
  });

  // The last one, after all that was tried. Whether any of it was a bug is in the log, which is searched at the end.
  it("leaves no trace: all is as before, and the log ends where it did", async () => {
    expect(await everything()).toEqual(before);
  });

  /** What an HTTP answer says that stands where a socket would be. */
  async function handshake(path: string): Promise<{ status: number; code: string }> {
    const ws = new WebSocket(`${(await chat.url()).replace("http", "ws")}${path}`);
    return new Promise((resolve, reject) => {
      ws.on("open", () => reject(new Error(`the socket ${path} opened`)));
      ws.on("error", reject);
      ws.on("unexpected-response", (_request, response) => {
        let said = "";
        response.on("data", (chunk: Buffer) => (said += chunk.toString()));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, code: (JSON.parse(said) as Problem).code }),
        );
      });
    });
  }
});

function expectProblem(answer: RawAnswer, status: number, code: string): Problem {
  const problem = JSON.parse(answer.text) as Problem;
  expect({ status: answer.status, code: problem.code }).toEqual({ status, code });
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  expect(problem).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) });
  return problem;
}
