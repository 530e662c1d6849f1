import { connect } from "node:net";

const NO_CONTENT = 204;
/** What the kernel hands over at once at most, and what an answer has room for at first. */
const CHUNK_BYTES = 65_536;

export interface Answer {
  readonly status: number;
  /** Good until the next `send`: there is one buffer for all answers of a connection, or collecting them would be measured. */
  readonly body: Buffer;
  /** The server closes the connection behind it. */
  readonly closes: boolean;
  /** It may lack something that was acknowledged before: `Chat-Stale`. */
  readonly stale: boolean;
}

/** One keep-alive connection with one request at a time; it parses only what it must. */
export interface HttpConnection {
  /** A whole request, as `httpRequest` makes it. */
  send(request: Buffer): Promise<Answer>;
  close(): void;
}

export function httpRequest(method: string, path: string, token: string, body?: string): Buffer {
  const head =
    `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n` +
    (body === undefined
      ? ""
      : `Content-Type: application/json\r\nContent-Length: ${String(Buffer.byteLength(body))}\r\n`);
  return Buffer.from(`${head}\r\n${body ?? ""}`);
}

export function openHttpConnection(port: number): Promise<HttpConnection> {
  return new Promise((resolveOpen, rejectOpen) => {
    let received = Buffer.allocUnsafe(CHUNK_BYTES);
    let size = 0;
    let head: {
      readonly status: number;
      readonly start: number;
      readonly end: number;
      readonly closes: boolean;
      readonly stale: boolean;
    } | null = null;
    let waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null;

    const tcp = connect({
      ...{ port, host: "127.0.0.1", noDelay: true },
      onread: {
        buffer: Buffer.allocUnsafe(CHUNK_BYTES),
        callback(bytes, chunk) {
          keep(chunk, bytes);
          head ??= readHead();
          if (head !== null && size >= head.end) answer(head);
          return true;
        },
      },
    });

    tcp.on("connect", () =>
      resolveOpen({
        send: (request) =>
          new Promise((resolve, reject) => {
            waiting = { resolve, reject };
            // What was closed meanwhile says nothing of it any more.
            if (tcp.destroyed) reject(new Error("the connection has ended"));
            else tcp.write(request);
          }),
        close: () => tcp.destroy(),
      }),
    );
    tcp.on("error", (error) => {
      rejectOpen(error);
      waiting?.reject(error);
    });
    tcp.on("close", () => waiting?.reject(new Error("the connection ended before the answer")));

    function keep(chunk: Uint8Array, bytes: number): void {
      if (size + bytes > received.length) {
        const larger = Buffer.allocUnsafe(2 * (size + bytes));
        received.copy(larger, 0, 0, size);
        received = larger;
      }
      received.set(chunk.subarray(0, bytes), size);
      size += bytes;
    }

    function readHead(): typeof head {
      const end = received.subarray(0, size).indexOf("\r\n\r\n");
      if (end < 0) return null;
      const text = received.toString("latin1", 0, end);
      const status = Number(text.slice(9, 12));
      const length = status === NO_CONTENT ? 0 : /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
      if (length === undefined) throw new Error(`an answer without a length: ${text}`);
      const closes = /\r\nconnection: close/i.test(text);
      const stale = /\r\nchat-stale:/i.test(text);
      return { status, start: end + 4, end: end + 4 + Number(length), closes, stale };
    }

    function answer({ status, start, end, closes, stale }: NonNullable<typeof head>): void {
      const body = received.subarray(start, end);
      size = 0;
      head = null;
      const asked = waiting;
      waiting = null;
      asked?.resolve({ status, body, closes, stale });
    }
  });
}
