import { randomBytes } from "node:crypto";
import { connect } from "node:net";

/**
 * A WebSocket client that does next to nothing, so that the driver's core is not what is measured: text frames are
 * handed out as slices of what was read, and only what RFC 6455 asks of a client is done besides.
 */
export interface DriverSocket {
  send(text: string): void;
  /** Called with each text frame: its bytes stand in `buffer` from `start` to `end`, until the call returns. */
  onText: (buffer: Buffer, start: number, end: number) => void;
  /** The first frame's text. */
  readonly greeting: string;
  close(): void;
  /** Ends without a word, as where a network is gone. */
  drop(): void;
  /** Reads no more: what is sent waits in the kernel first, and then where it comes from. */
  stopReading(): void;
}

const TEXT = 0x1;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const FINAL = 0x80;
const MASKED = 0x80;
const MASK = Buffer.from([0x5a, 0xc3, 0x96, 0x0f]);
/** Two heartbeats' worth: nobody connects on loopback for longer. */
const OPEN_WITHIN_MS = 50_000;

/**
 * Opens a socket and waits for its first frame, the greeting. `closed` hears when it ends unasked. Frames may stand right
 * behind the greeting: who wants those too hands in `onText`.
 */
export function openSocket(
  port: number,
  path: string,
  closed: (why: string) => void,
  onText: DriverSocket["onText"] = () => undefined,
): Promise<DriverSocket> {
  return new Promise((resolve, reject) => {
    const tcp = connect({ port, host: "127.0.0.1", noDelay: true });
    let rest: Buffer | null = null;
    let upgraded = false;
    let greeted = false;
    let ended = false;

    const socket: DriverSocket & { greeting: string } = {
      greeting: "",
      onText,
      send: (text) => void tcp.write(maskedFrame(TEXT, Buffer.from(text))),
      close() {
        ended = true;
        tcp.write(maskedFrame(CLOSE, Buffer.from([0x03, 0xe8])));
        tcp.end();
        tcp.resume();
      },
      drop() {
        ended = true;
        tcp.destroy();
      },
      stopReading: () => void tcp.pause(),
    };

    tcp.on("connect", () => {
      const key = randomBytes(16).toString("base64");
      tcp.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      );
    });
    tcp.on("data", (chunk: Buffer) => {
      const buffer = rest === null ? chunk : Buffer.concat([rest, chunk]);
      const used = upgraded ? takeFrames(buffer, 0) : takeHandshake(buffer);
      rest = used < buffer.length ? buffer.subarray(used) : null;
    });
    tcp.on("error", (error) => fail(error.message));
    tcp.on("close", () => fail("the connection ended"));
    const timer = setTimeout(() => fail("no greeting in time"), OPEN_WITHIN_MS);

    function fail(why: string): void {
      clearTimeout(timer);
      if (ended) return;
      ended = true;
      tcp.destroy();
      if (greeted) closed(why);
      else reject(new Error(`${path.split("?")[0] ?? ""}: ${why}`));
    }

    function takeHandshake(buffer: Buffer): number {
      const end = buffer.indexOf("\r\n\r\n");
      if (end < 0) return 0;
      const head = buffer.toString("latin1", 0, end);
      if (!head.startsWith("HTTP/1.1 101")) {
        fail(head.split("\r\n")[0] ?? "");
        return buffer.length;
      }
      upgraded = true;
      return takeFrames(buffer, end + 4);
    }

    function takeFrames(buffer: Buffer, from: number): number {
      let at = from;
      while (at + 2 <= buffer.length) {
        const short = buffer.readUInt8(at + 1);
        let start = at + 2;
        let length = short;
        if (short === 126) {
          if (buffer.length < at + 4) break;
          length = buffer.readUInt16BE(at + 2);
          start = at + 4;
        } else if (short === 127) {
          if (buffer.length < at + 10) break;
          length = buffer.readUInt32BE(at + 6);
          start = at + 10;
        }
        const end = start + length;
        if (buffer.length < end) break;
        take(buffer.readUInt8(at) & 0x0f, buffer, start, end);
        at = end;
      }
      return at;
    }

    function take(opcode: number, buffer: Buffer, start: number, end: number): void {
      if (opcode === TEXT) {
        if (greeted) {
          socket.onText(buffer, start, end);
          return;
        }
        greeted = true;
        socket.greeting = buffer.toString("utf8", start, end);
        clearTimeout(timer);
        resolve(socket);
      } else if (opcode === PING) {
        tcp.write(maskedFrame(PONG, buffer.subarray(start, end)));
      } else if (opcode === CLOSE) {
        const code = end - start >= 2 ? buffer.readUInt16BE(start) : 1005;
        fail(`closed with ${code} ${buffer.toString("utf8", Math.min(start + 2, end), end)}`);
      }
    }
  });
}

function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const header = payload.length < 126 ? 2 : 4;
  const frame = Buffer.allocUnsafe(header + 4 + payload.length);
  frame[0] = FINAL | opcode;
  if (header === 2) {
    frame[1] = MASKED | payload.length;
  } else {
    frame[1] = MASKED | 126;
    frame.writeUInt16BE(payload.length, 2);
  }
  MASK.copy(frame, header);
  const start = header + 4;
  for (let index = 0; index < payload.length; index += 1) {
    frame[start + index] = (payload[index] ?? 0) ^ (MASK[index & 3] ?? 0);
  }
  return frame;
}
