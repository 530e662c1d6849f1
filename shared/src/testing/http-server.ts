import { once } from "node:events";
import { type Agent, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from "node:http";
import { pino } from "pino";
import { createHttpApp, type HttpAppOptions } from "../http/app.ts";
import { createHttpServer, type HttpServer } from "../http/server.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The text as JSON; undefined where it is none. */
  readonly json: unknown;
}

export interface SentRequest {
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
}

export interface TestServer {
  readonly server: HttpServer;
  readonly port: number;
  /** Sends exactly these bytes and headers: `fetch` would mend some of what a bad client does. */
  send(method: string, path: string, sent?: SentRequest): Promise<Answer>;
}

/** Runs `use` with the routes listening on a free port of this machine, and stops them afterwards. */
export async function withHttpServer(
  {
    farewellMs = 0,
    ...options
  }: Omit<HttpAppOptions, "log"> & Partial<Pick<HttpAppOptions, "log">> & { readonly farewellMs?: number },
  use: (server: TestServer) => Promise<void>,
): Promise<void> {
  const listener = createHttpApp({ log: pino({ level: "silent" }), ...options });
  const server = createHttpServer({ name: "test", listener, port: 0, host: "127.0.0.1", farewellMs });
  await server.start();
  try {
    const { port } = server.address();
    await use({ server, port, send: (method, path, sent = {}) => send(port, method, path, sent) });
  } finally {
    await server.stop();
  }
}

async function send(
  port: number,
  method: string,
  path: string,
  { headers, body, agent }: SentRequest,
): Promise<Answer> {
  const request = httpRequest({
    host: "127.0.0.1",
    port,
    method,
    path,
    ...(headers && { headers }),
    ...(agent && { agent }),
  });
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  return { status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
