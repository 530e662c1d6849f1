import { Agent, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";

const ANSWER_WITHIN_MS = 20_000;

export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Sends what `fetch` would put right: any path, any header, any bytes. The server may answer before it has read them all. */
export function sendRaw(url: string, { method = "GET", path, headers = {}, body }: RawRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    // A connection of its own, but one that the server may keep: it is not to hurry with its end.
    const agent = new Agent({ keepAlive: true });
    const sent = request({ hostname, port, path, method, headers, agent, timeout: ANSWER_WITHIN_MS });
    sent.on("response", (response) => {
      text(response)
        .then((said) => resolve({ status: response.statusCode ?? 0, headers: response.headers, text: said }), reject)
        .finally(() => agent.destroy());
    });
    sent.on("timeout", () => sent.destroy(new Error(`${method} ${path.slice(0, 100)} was not answered`)));
    // After an answer this is the connection that was closed under the rest of the body, and nobody listens.
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Sends bytes that are no request of any client, and gives back all that comes until the connection ends. */
export function sendBytes(url: string, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy(new Error("nothing was answered")));
    text(socket).then(resolve, reject);
    socket.write(bytes);
  });
}
