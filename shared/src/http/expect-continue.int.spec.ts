import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "@jest/globals";
import Type from "typebox";
import { createAccessTokens } from "../identity/access-token.ts";
import type { UserId } from "../ids.ts";
import { eventually } from "../testing/eventually.ts";
import { withHttpServer } from "../testing/http-server.ts";
import { createAuthenticate } from "./authenticate.ts";
import { MAX_BODY_BYTES } from "./body.ts";
import { defineRoute } from "./define-route.ts";
import { createRateLimits } from "./rate-limits.ts";

const tokens = createAccessTokens({ secret: "x".repeat(32), lifetimeSeconds: 60 });
const authorization = `Authorization: Bearer ${tokens.sign({ userId: "7" as UserId, sessionId: "s" })}`;
const json = "Content-Type: application/json";
const body = '{"text":"hi"}';
const length = `Content-Length: ${body.length}`;
const asked = "HTTP/1.1 100 Continue\r\n\r\n";

const echo = defineRoute({
  method: "POST",
  path: "/echo",
  summary: "Says what it heard",
  auth: "token",
  body: Type.Object({ text: Type.String() }),
  responses: { 201: { description: "What it heard" } },
  handle: ({ body: { text } }) => ({ status: 201, body: { text } }),
});

describe("a client that waits to be asked for its body", () => {
  it.each([
    ["401: without a good token", [json, length, "Authorization: Bearer x.y.z"]],
    ["413: with a body that is too large", [json, authorization, `Content-Length: ${MAX_BODY_BYTES + 1}`]],
    ["415: with one of another type", ["Content-Type: text/html", authorization, length]],
    [
      "415: with one of another type and of any length",
      ["Content-Type: text/html", authorization, "Transfer-Encoding: chunked"],
    ],
  ])("is refused unasked, on a connection that ends with it, %s", (status, headers) =>
    withConnection(async ({ begin, heard, ended }) => {
      begin(headers);
      await ended;
      expect(heard().slice(0, "HTTP/1.1 401".length)).toBe(`HTTP/1.1 ${status.slice(0, 3)}`);
      expect(heard()).not.toContain("100 Continue");
    }),
  );

  it("is asked when nothing is left but to read it, and then answered; over the limit it is refused unasked", () =>
    withConnection(async ({ begin, write, heard }) => {
      begin([json, authorization, length]);
      await eventually(() => expect(heard()).toBe(asked));
      write(body);
      await eventually(() => expect(heard()).toContain(body));
      expect(heard().slice(asked.length)).toMatch(/^HTTP\/1\.1 201 /);

      const before = heard().length;
      begin([json, authorization, length]);
      await eventually(() => expect(heard().slice(before)).toMatch(/^HTTP\/1\.1 429 /));
    }));
});

interface Connection {
  /** Sends the head of a request to `echo`, and no body. */
  begin(headers: readonly string[]): void;
  write(text: string): void;
  /** All that came back. */
  heard(): string;
  /** Resolves when the other side has closed it. */
  readonly ended: Promise<unknown>;
}

/** A connection to a server that lets each user call once a minute. */
function withConnection(use: (connection: Connection) => Promise<void>): Promise<void> {
  const limiting = { limits: createRateLimits({ read: 1, command: 1, account: 1 }), behindProxy: false };
  return withHttpServer({ routes: [echo], authenticate: createAuthenticate(tokens), limiting }, async ({ port }) => {
    const socket = connect(port, "127.0.0.1").setEncoding("utf8");
    const ended = once(socket, "end");
    let text = "";
    socket.on("data", (chunk: string) => (text += chunk));
    try {
      await use({
        begin: (headers) =>
          void socket.write(
            ["POST /api/echo HTTP/1.1", "Host: x", "Expect: 100-continue", ...headers, "", ""].join("\r\n"),
          ),
        write: (more) => void socket.write(more),
        heard: () => text,
        ended,
      });
    } finally {
      socket.destroy();
    }
  });
}
