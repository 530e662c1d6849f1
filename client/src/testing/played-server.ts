import { createChatClient, type News } from "../chat-client.ts";
import type { Backoff } from "../full-jitter.ts";
import type { Socket } from "../stream.ts";
import { createModelChat, me } from "./model-chat.ts";

export interface PlayedAnswer {
  readonly status?: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A socket that a client has opened: the spec says what it hears. */
export interface PlayedSocket {
  readonly url: URL;
  /** Frames of the client, in order. */
  readonly sent: string[];
  hear(frame: object): void;
  end(code: number): void;
}

export const ready = (cursor: string, resumed = true, heartbeat = 25) => ({
  type: "ready",
  ...{ user_id: me, device_id: "d", cursor, resumed, heartbeat },
});

/** A client between a server and sockets that the spec plays. It does not run yet. */
export function playServer(
  options: { readonly token?: () => string | Promise<string>; readonly backoff?: Backoff } = {},
) {
  const chat = createModelChat();
  const asked: string[] = [];
  const sockets: PlayedSocket[] = [];
  const path = `/chats/${chat.chatId}`;

  /** By method and path, without `/api`; what is not there is answered with 404. */
  const answers = new Map<string, (url: URL) => PlayedAnswer | Promise<PlayedAnswer>>([
    ["GET /users/me", () => ({ body: { id: me } })],
    ["GET /users", () => ({ body: [] })],
    ["GET /chats", () => ({ body: [chat.listed()] })],
    ["POST /ws-ticket", () => ({ body: { ticket: "a-ticket" } })],
    ["GET /unread", () => ({ body: { total: 0, chats: {} } })],
    [`GET ${path}`, () => ({ body: chat.parts.chat() })],
    [`GET ${path}/members`, () => ({ body: chat.parts.members() })],
    [`GET ${path}/messages`, () => ({ body: chat.parts.messages() })],
  ]);

  const fakeFetch: typeof fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const call = `${init?.method ?? "GET"} ${url.pathname.replace("/api", "")}`;
    asked.push(call);
    const aborted = new Promise<never>((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => reject(new TypeError("aborted")));
    });
    const answer = answers.get(call)?.(url) ?? { status: 404, body: { code: "not_found" } };
    const { status = 200, body, headers } = await Promise.race([answer, aborted]);
    const position = `position ${asked.filter((one) => one === "GET /chats").length}`;
    return new Response(body === null ? null : JSON.stringify(body), {
      status,
      headers: { "Chat-Position": position, ...headers },
    });
  };

  function openSocket(url: string): Socket {
    const listeners = new Map<string, (event: never) => void>();
    const call = (type: string, event: object): void => listeners.get(type)?.(event as never);
    const sent: string[] = [];
    sockets.push({
      url: new URL(url),
      sent,
      hear: (frame) => call("message", { data: JSON.stringify(frame) }),
      end: (code) => call("close", { code }),
    });
    return {
      readyState: 1,
      send: (text) => void sent.push(text),
      close: () => undefined,
      addEventListener: (type: string, listener: (event: never) => void) => void listeners.set(type, listener),
    };
  }

  const client = createChatClient({
    url: "http://chat.example",
    credentials: { token: options.token ?? (() => "a-token"), renew: () => Promise.resolve(null) },
    fetch: fakeFetch,
    openSocket,
    backoff: options.backoff ?? { baseMs: 1, maxMs: 2 },
  });
  const news: News[] = [];
  client.subscribe((one) => news.push(one));
  return {
    ...{ chat, client, news, asked, answers, path, sockets },
    times: (call: string): number => asked.filter((one) => one === call).length,
    holes: () => news.flatMap((one) => (one.type === "hole" ? [one.hole] : [])),
    known: () => client.state().chats.get(chat.chatId),
  };
}

export type PlayedServer = ReturnType<typeof playServer>;

/** Throws until there are so many sockets. */
export function socketOf({ sockets }: Pick<PlayedServer, "sockets">, count: number): PlayedSocket {
  const socket = sockets[count - 1];
  if (socket === undefined) throw new Error(`there is no socket ${count}`);
  return socket;
}
