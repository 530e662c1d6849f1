import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface PassedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface PassedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface TamperingProxy extends AsyncDisposable {
  readonly url: string;
  /** From now on no answer is lost. */
  spare(): void;
}

export interface TamperingProxyOptions {
  readonly target: string;
  /** Whether the next answer is lost: the connection is cut when all is done. */
  readonly loses: () => boolean;
  /** Answers by itself, without asking anybody. */
  readonly instead?: ((request: PassedRequest) => PassedAnswer | null) | undefined;
  readonly request?: ((request: PassedRequest) => PassedRequest) | undefined;
  readonly answer?: ((answer: PassedAnswer, request: PassedRequest) => PassedAnswer) | undefined;
}

const PASSED = ["authorization", "content-type", "idempotency-key"];
const PASSED_BACK = ["content-type", "chat-stale"];

/** Stands before an HTTP server; loses answers, and changes what passes. */
export async function openTamperingProxy(options: TamperingProxyOptions): Promise<TamperingProxy> {
  const { target, loses } = options;
  let sparing = false;

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked: PassedRequest = {
      method: request.method ?? "GET",
      url: request.url ?? "/",
      headers: Object.fromEntries(
        PASSED.flatMap((name) => {
          const value = request.headers[name];
          return typeof value === "string" ? [[name, value]] : [];
        }),
      ),
      body: await text(request),
    };
    const made = options.instead?.(asked) ?? null;
    if (made !== null) {
      response.writeHead(made.status, made.headers).end(made.body);
      return;
    }
    const given = options.request?.(asked) ?? asked;
    const { method, url, headers, body } = given;
    const answered = await fetch(`${target}${url}`, { method, headers, ...(body === "" ? {} : { body }) });
    const told: PassedAnswer = {
      status: answered.status,
      headers: Object.fromEntries(
        PASSED_BACK.flatMap((name) => {
          const value = answered.headers.get(name);
          return value === null ? [] : [[name, value]];
        }),
      ),
      body: await answered.text(),
    };
    const answer = options.answer?.(told, given) ?? told;
    if (!sparing && loses()) {
      response.destroy();
      return;
    }
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spare: () => (sparing = true),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
