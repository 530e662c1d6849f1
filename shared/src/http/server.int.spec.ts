import { once } from "node:events";
import { Agent, IncomingMessage } from "node:http";
import { connect, Socket } from "node:net";
import { type Duplex, Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import { createAccessTokens } from "../identity/access-token.ts";
import { eventually } from "../testing/eventually.ts";
import { freePort } from "../testing/free-port.ts";
import { withHttpServer } from "../testing/http-server.ts";
import { type AnsweredRequest, createHttpApp } from "./app.ts";
import { createAuthenticate } from "./authenticate.ts";
import { defineRoute, type Route } from "./define-route.ts";
import { createReadiness, healthRoutes } from "./health.ts";
import { createHttpServer, LONG_BODY, refuseBusyPort } from "./server.ts";

const authenticate = createAuthenticate(createAccessTokens({ secret: "x".repeat(32), lifetimeSeconds: 60 }));

/** A route that answers when told to, and says when it was reached. */
function createGate() {
  const reached = Promise.withResolvers<undefined>();
  const opened = Promise.withResolvers<undefined>();
  const route = defineRoute({
    method: "GET",
    path: ["/gate", "/gate/:name"],
    summary: "Waits",
    auth: "none",
    responses: { 200: { description: "It was opened" } },
    async handle() {
      reached.resolve(undefined);
      await opened.promise;
      return { status: 200, body: { open: true } };
    },
  });
  return { route, reached: reached.promise, open: () => opened.resolve(undefined) };
}

/** Sends these bytes on a connection of its own, and gives all that came back before it was closed. */
async function exchange({ port }: { readonly port: number }, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.end(bytes);
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  await once(socket, "close");
  return text;
}

describe("an answer whose reader hangs up", () => {
  it("is closed, and is no warning to anybody", async () => {
    const body = new Readable({
      read() {
        setImmediate(() => this.push(Buffer.alloc(1_000)));
      },
    });
    const download = defineRoute({
      method: "GET",
      path: "/download",
      summary: "Has no end",
      auth: "none",
      responses: { 200: { description: "It goes on" } },
      handle: () => ({ status: 200, body }),
    });
    const lines: string[] = [];
    const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
    await withHttpServer({ routes: [download], authenticate, log }, async ({ port }) => {
      const socket = connect(port, "127.0.0.1");
      socket.write("GET /download HTTP/1.1\r\nHost: x\r\n\r\n");
      await once(socket, "data");
      const closed = once(body, "close").catch(() => undefined);
      socket.destroy();
      await closed;
      const broke = await eventually(() => {
        const line = lines.find((one) => one.includes("an answer broke off"));
        expect(line).toBeDefined();
        return line ?? "";
      });
      expect((JSON.parse(broke) as { level: number }).level).toBe(pino.levels.values["debug"]);
    });
  });
});

describe("a body that does not end", () => {
  it("is refused when its time is over, unless whoever reads it gives it longer", async () => {
    const heard = Promise.withResolvers<IncomingMessage>();
    const server = createHttpServer({
      name: "test",
      port: 0,
      host: "127.0.0.1",
      drainMs: 50,
      requestTimeoutMs: 300,
      listener(request) {
        if (request.url !== "/long") return;
        request.emit(LONG_BODY);
        heard.resolve(request);
      },
    });
    await server.start();
    const { port } = server.address();
    const begin = (path: string): Socket => {
      const socket = connect(port, "127.0.0.1");
      socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nfive.`);
      return socket;
    };
    const long = begin("/long");
    const request = await heard.promise;
    const slow = begin("/slow");
    const [answer] = (await once(slow, "data")) as [Buffer];
    expect(answer.toString()).toContain("408");
    // Begun before the other, and its time was the same.
    long.write("more!");
    expect(await request.toArray()).toHaveLength(2);
    long.destroy();
    slow.destroy();
    await server.stop();
  });
});

describe("a server that stops", () => {
  it("answers what it accepted, on a connection that it then closes", async () => {
    const gate = createGate();
    const agent = new Agent({ keepAlive: true });
    await withHttpServer({ routes: [gate.route], authenticate }, async ({ server, send }) => {
      const answer = send("GET", "/gate", { agent });
      await gate.reached;
      const stopped = server.stop();
      // In the first turns it still accepts what waits.
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
      const refused = send("GET", "/gate").catch((error: unknown) => error);
      gate.open();

      expect(await answer).toMatchObject({ status: 200, json: { open: true } });
      await stopped;
      expect(await refused).toMatchObject({ code: "ECONNREFUSED" });
      await server.stop();
    });
    agent.destroy();
  });

  it("answers all that had connected, however many wait to be accepted", async () => {
    const gate = createGate();
    gate.open();
    await withHttpServer({ routes: [gate.route], authenticate }, async ({ server, port }) => {
      const sockets = Array.from({ length: 50 }, () => connect(port, "127.0.0.1"));
      for (const socket of sockets) socket.write("GET /gate HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      // The kernel has connected them by now, the server has not looked yet.
      const stopped = server.stop();
      const answers = await Promise.all(
        sockets.map(async (socket) => (await socket.setEncoding("utf8").toArray()).join("")),
      );
      for (const answer of answers) expect(answer).toMatch(/^HTTP\/1.1 200 /);
      await stopped;
    });
  });

  it("answers once more on a connection that is kept, and says that it was the last time", async () => {
    const gate = createGate();
    gate.open();
    const agent = new Agent({ keepAlive: true });
    await withHttpServer({ routes: [gate.route], authenticate, farewellMs: 60_000 }, async ({ server, send }) => {
      await send("GET", "/gate", { agent });
      const stopped = server.stop();
      for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
      expect(await send("GET", "/gate", { agent })).toMatchObject({ status: 200, headers: { connection: "close" } });
      // No connection is left, so it does not wait any longer.
      await stopped;
    });
    agent.destroy();
  });

  it("does not wait for connections that ask for nothing", async () => {
    await withHttpServer({ routes: [], authenticate }, async ({ server, port }) => {
      const idle = connect(port, "127.0.0.1");
      await once(idle, "connect");
      const closed = once(idle.resume(), "close");
      await server.stop();
      await closed;
      expect(idle.destroyed).toBe(true);
    });
  });

  it("waits for an answer no longer than its bound", async () => {
    const listener = (): undefined => undefined;
    const server = createHttpServer({ name: "test", listener, port: 0, host: "127.0.0.1", drainMs: 50 });
    await server.start();
    const socket = connect(server.address().port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(socket, "connect");
    const closed = once(socket.resume(), "close");

    await server.stop();

    await closed;
    expect(socket.destroyed).toBe(true);
  });
});

describe("a server that cannot start", () => {
  it("says in one line that the port is in use", async () => {
    await withHttpServer({ routes: [], authenticate }, async ({ port }) => {
      const second = createHttpServer({ name: "second", listener: () => undefined, port, host: "127.0.0.1" });

      await expect(second.start()).rejects.toThrow(
        `Port ${port} is in use by another program. Set PORT to a free one.`,
      );
      await second.stop();
    });
  });

  it("says the same before it is made, and leaves a port that is free to whoever starts", async () => {
    const port = await freePort();
    const server = createHttpServer({ name: "first", listener: () => undefined, port });
    await refuseBusyPort(port);
    await server.start();
    await expect(refuseBusyPort(port)).rejects.toThrow(`Port ${port} is in use by another program.`);
    await server.stop();
  });
});

describe("OPTIONS", () => {
  const gate = createGate().route;
  const routes: readonly Route[] = [gate, { ...gate, method: "PUT", paths: ["/gate"] }];

  it.each(["/gate", "/api/gate", "/gate/me"])("names the methods that %s takes, as its 405 does", (path) =>
    withHttpServer({ routes, authenticate }, async ({ send }) => {
      const asked = await send("OPTIONS", path);
      const refused = await send("DELETE", path);
      const methods = path.endsWith("/me") ? "HEAD, GET, OPTIONS" : "HEAD, GET, PUT, OPTIONS";
      expect([asked.status, asked.text, asked.headers.allow]).toEqual([204, "", methods]);
      expect([refused.status, refused.headers.allow]).toEqual([405, methods]);
    }),
  );

  it("finds nothing where nothing is, and all of the server at *", () =>
    withHttpServer({ routes, authenticate }, async ({ send }) => {
      expect(await send("OPTIONS", "/anything")).toMatchObject({ status: 404, json: { code: "not_found" } });
      // A method to come, and no page that asks: no preflight.
      const half = { headers: { "Access-Control-Request-Method": "POST" } };
      expect((await send("OPTIONS", "/anything", half)).status).toBe(404);
      expect((await send("OPTIONS", "*")).status).toBe(204);
    }));

  it("says nothing of methods where other services answer at the same address", () =>
    withHttpServer({ routes, authenticate, amongOthers: true }, async ({ send }) => {
      for (const path of ["/gate", "/anything"]) {
        const { status, headers } = await send("OPTIONS", path);
        expect([path, status, headers.allow]).toEqual([path, 204, undefined]);
      }
      expect((await send("GET", "/anything")).status).toBe(404);
    }));
});

describe("every path", () => {
  it("answers preflights, and allows pages of the listed origins only", async () => {
    const options = { routes: [], authenticate, allowedOrigins: ["http://localhost:3000"] };
    await withHttpServer(options, async ({ send }) => {
      const preflight = (Origin: string) =>
        send("OPTIONS", "/anything", { headers: { Origin, "Access-Control-Request-Method": "POST" } });

      const ours = await preflight("http://localhost:3000");
      expect(ours).toMatchObject({ status: 204, text: "" });
      expect(ours.headers["access-control-allow-origin"]).toBe("http://localhost:3000");
      const headers = (ours.headers["access-control-allow-headers"] ?? "").split(", ");
      // All that calls are told apart by; what a page may not send it cannot use.
      for (const header of ["Idempotency-Key", "Chat-Consistency", "If-None-Match", "Range", "If-Range"])
        expect(headers).toContain(header);
      const others = await preflight("http://evil.example");
      expect(others.status).toBe(204);
      expect(others.headers["access-control-allow-origin"]).toBeUndefined();
    });
  });

  it("answers HEAD as GET without the body", async () => {
    const gate = createGate();
    gate.open();
    await withHttpServer({ routes: [gate.route], authenticate }, async ({ send }) => {
      const answer = await send("HEAD", "/api/gate");

      expect(answer).toMatchObject({ status: 200, text: "" });
      expect(answer.headers["content-length"]).toBe(String('{"open":true}'.length));
    });
  });

  it("is answered whatever else its client offers to speak, where sockets are opened too", async () => {
    const gate = createGate();
    gate.open();
    const listener = createHttpApp({ routes: [gate.route], authenticate, log: pino({ level: "silent" }) });
    const upgrade = (_request: IncomingMessage, socket: Duplex): void => void socket.end("a socket\r\n");
    const server = createHttpServer({ name: "test", listener, upgrade, port: 0, host: "127.0.0.1" });
    await server.start();
    const asked = (protocol: string): Promise<string> =>
      exchange(
        server.address(),
        `GET /gate HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`,
      );
    expect(await asked("h2c")).toMatch(/^HTTP\/1\.1 200 [^]*{"open":true}/);
    expect(await asked("WebSocket")).toBe("a socket\r\n");
    await server.stop();
  });

  it("is answered with a problem even when it is no HTTP", async () => {
    await withHttpServer({ routes: [], authenticate }, async (server) => {
      expect(await exchange(server, "hello\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 [^]*"code":"malformed_request"/);
    });
  });
});

describe("an answer", () => {
  it("is logged with its path and without its query, and told to the observer by its route", async () => {
    const lines: string[] = [];
    const seen: AnsweredRequest[] = [];
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const gate = createGate();
    gate.open();
    const log = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
    const observe = (answer: AnsweredRequest): void => void seen.push(answer);
    await withHttpServer({ routes: [gate.route], authenticate, log, observe }, async ({ send }) => {
      await send("GET", "/api/gate/me?token=secret", { headers: { "X-Request-Id": "r-1", traceparent } });
    });

    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({
        request_id: "r-1",
        trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
        method: "GET",
        path: "/api/gate/me",
        status: 200,
      }),
    ]);
    expect(lines.join("")).not.toContain("secret");
    expect(seen).toEqual([expect.objectContaining({ method: "GET", route: "/api/gate/:name", status: 200 })]);
  });

  it.each([200, 202, 204, 304])("may have no body: %i", async (status) => {
    const route = defineRoute({
      method: "POST",
      path: "/empty",
      summary: "Answers nothing",
      auth: "none",
      responses: {},
      handle: () => ({ status, headers: { "Chat-Position": "p" } }),
    });
    await withHttpServer({ routes: [route], authenticate }, async ({ send }) => {
      const answer = await send("POST", "/empty");

      expect(answer).toMatchObject({ status, text: "" });
      expect(answer.headers).toMatchObject({ "chat-position": "p" });
      expect(answer.headers["content-type"]).toBeUndefined();
    });
  });

  it("may be a text, bytes or a stream, of the type that the route says", async () => {
    const bodies = {
      text: "héllo",
      bytes: Buffer.from("héllo"),
      stream: Readable.from([Buffer.from("hé"), Buffer.from("llo")]),
    };
    const routes = Object.entries(bodies).map(([name, body]) =>
      defineRoute({
        method: "GET",
        path: `/${name}`,
        summary: "Answers as it is",
        auth: "none",
        responses: {},
        handle: () => ({ status: 200, body, headers: { "Content-Type": "text/x-test" } }),
      }),
    );
    await withHttpServer({ routes, authenticate }, async ({ send }) => {
      for (const name of Object.keys(bodies)) {
        const answer = await send("GET", `/${name}`);
        expect(answer).toMatchObject({ status: 200, text: "héllo" });
        expect(answer.headers["content-type"]).toMatch(/^text\/x-test/);
      }
    });
  });

  it("has an id of ours where the caller's could break a line of the log", async () => {
    await withHttpServer({ routes: [], authenticate }, async ({ send }) => {
      const answer = await send("GET", "/", { headers: { "X-Request-Id": "a b{}" } });

      expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    });
  });
});

describe("health", () => {
  const page = { contentType: "text/plain; version=0.0.4", body: "up 1\n" };
  const metrics = { page: () => Promise.resolve(page) };
  const check = { failing: false };
  const readiness = createReadiness();
  const routes = healthRoutes({
    readiness,
    checks: { database: () => (check.failing ? Promise.reject(new Error("inside")) : Promise.resolve()) },
    metrics,
  });

  it("is live whenever the process answers, started from its start on, ready until it stops", async () => {
    await withHttpServer({ routes, authenticate }, async ({ send }) => {
      const statuses = async () => {
        const answers = ["live", "startup", "ready"].map((what) => send("GET", `/health/${what}`));
        return (await Promise.all(answers)).map(({ status }) => status);
      };
      expect(await statuses()).toEqual([200, 503, 503]);
      await readiness.start();
      expect(await statuses()).toEqual([200, 200, 200]);
      await readiness.stop();
      expect(await statuses()).toEqual([200, 200, 503]);
      expect(await send("GET", "/health/ready")).toMatchObject({ json: { status: "stopping" } });
      await readiness.start();
    });
  });

  it("stays ready without what all instances share, and says what fails", async () => {
    await withHttpServer({ routes, authenticate }, async ({ send }) => {
      await readiness.start();
      expect(await send("GET", "/health/ready")).toMatchObject({ status: 200, json: { checks: { database: "ok" } } });
      check.failing = true;
      expect(await send("GET", "/health/ready")).toMatchObject({
        status: 200,
        json: { status: "ok", checks: { database: "failed" } },
      });
      check.failing = false;
    });
  });

  it("asks what it checks once at a time, however many ask", async () => {
    let asked = 0;
    const gone = { log: () => new Promise(() => (asked += 1)) };
    const hanging = healthRoutes({ readiness, checks: gone, metrics });
    await withHttpServer({ routes: hanging, authenticate }, async ({ send }) => {
      const answers = await Promise.all([1, 2, 3].map(() => send("GET", "/health/ready")));
      for (const answer of answers) expect(answer).toMatchObject({ json: { checks: { log: "failed" } } });
      expect(asked).toBe(1);
    });
  });

  it("shows metrics to this machine alone where it is told so, and not to whom something on it stands before", async () => {
    const closed = healthRoutes({ readiness, checks: {}, metrics, metricsFor: "this machine" });
    await withHttpServer({ routes: closed, authenticate }, async ({ send }) => {
      expect((await send("GET", "/metrics")).status).toBe(200);
      expect((await send("GET", "/metrics", { headers: { "X-Forwarded-For": "203.0.113.7" } })).status).toBe(404);
    });
    const ask = closed.find(({ paths }) => paths[0] === "/metrics");
    const request = { params: {}, query: {}, body: {}, caller: undefined, idempotencyKey: undefined };
    const stranger = {
      ...request,
      headers: {},
      requestId: "r",
      traceParent: "t",
      remoteAddress: "203.0.113.7",
      clientAddress: () => "203.0.113.7",
      incoming: new IncomingMessage(new Socket()),
    };
    await expect(Promise.resolve().then(() => ask?.handle(stranger))).rejects.toMatchObject({ code: "not_found" });
    // So the document names it.
    expect(ask?.rejections).toEqual(["not_found"]);
  });

  it("gives the metrics as they are, and nothing of it under /api", async () => {
    await withHttpServer({ routes, authenticate }, async ({ send }) => {
      const answer = await send("GET", "/metrics");
      expect(answer).toMatchObject({ status: 200, text: "up 1\n" });
      expect(answer.headers["content-type"]).toBe(page.contentType);
      expect((await send("GET", "/api/metrics")).status).toBe(404);
    });
  });
});
