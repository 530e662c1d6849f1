import { once } from "node:events";
import { isDeepStrictEqual } from "node:util";
import { WebSocket } from "ws";
import { checkFrameToClient } from "@chat/shared/testing/check-frame";
import type { Frame } from "./api.ts";
import { createStreamCheck } from "./stream-check.ts";

/** Wide: a push takes milliseconds, a busy machine longer. */
const HEARD_WITHIN_MS = 15_000;
/** As many as a person reads when a wait failed. */
const SHOWN_FRAMES = 12;

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A socket that keeps everything it hears, and checks while it listens that frames are as described, events in order, and none twice. */
export interface Socket {
  readonly heard: readonly Frame[];
  readonly closed: Promise<Closed>;
  /** The next frame, after all that earlier waits have returned, that holds everything in `pattern`. */
  next(pattern: object): Promise<Frame>;
  /** A frame as JSON; a text or bytes as they are. */
  send(frame: object | string | Buffer): void;
  /** Sends a command with an id of its own, and waits for the reply. */
  ask(frame: object): Promise<Frame>;
  /** Answers when all that was pushed before has been heard: what has not come by then does not come. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export async function openSocket(url: string, query: Readonly<Record<string, string>>, path = "/ws"): Promise<Socket> {
  const ws = new WebSocket(`${url.replace("http", "ws")}${path}?${new URLSearchParams(query).toString()}`);
  const socket = recorded(ws);
  await once(ws, "open");
  await socket.next({ type: "ready" });
  return socket;
}

function recorded(ws: WebSocket): Socket {
  const heard: Frame[] = [];
  const check = createStreamCheck();
  let fault: Error | undefined;
  let seen = 0;
  let asked = 0;
  let wake = Promise.withResolvers<null>();
  const closed = new Promise<Closed>((resolve) => {
    ws.once("close", (code, reason) => {
      resolve({ code, reason: reason.toString() });
      wake.resolve(null);
    });
  });
  // A connection that breaks is told by "close" too.
  ws.on("error", () => undefined);
  ws.on("message", (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as Frame;
    heard.push(frame);
    try {
      checkFrameToClient(frame);
      check(frame);
    } catch (error) {
      fault ??= error instanceof Error ? error : new Error(String(error));
    }
    wake.resolve(null);
    wake = Promise.withResolvers();
  });

  async function find(pattern: object, from: number): Promise<number> {
    const late = AbortSignal.timeout(HEARD_WITHIN_MS);
    for (let at = from; ; at += 1) {
      while (at >= heard.length) {
        if (fault !== undefined) throw fault;
        if (late.aborted || ws.readyState === WebSocket.CLOSED) throw notHeard(pattern, heard, ws);
        await Promise.race([wake.promise, once(late, "abort")]);
      }
      if (matches(heard[at], pattern)) return at;
    }
  }

  async function ask(frame: object): Promise<Frame> {
    asked += 1;
    const id = `ask-${asked}`;
    const from = heard.length;
    ws.send(JSON.stringify({ ...frame, id }));
    return heard[await find({ type: "reply", id }, from)] ?? { type: "none" };
  }

  return {
    heard,
    closed,
    ask,
    async next(pattern) {
      const at = await find(pattern, seen);
      seen = at + 1;
      return heard[at] ?? { type: "none" };
    },
    send: (frame) => ws.send(typeof frame === "string" || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame)),
    async settled() {
      await ask({ type: "ping" });
    },
    async close() {
      ws.close();
      await closed;
      if (fault !== undefined) throw fault;
    },
  };
}

function notHeard(pattern: object, heard: readonly Frame[], ws: WebSocket): Error {
  const last = heard.slice(-SHOWN_FRAMES).map((frame) => `  ${JSON.stringify(frame)}`);
  const state = ws.readyState === WebSocket.OPEN ? "open" : "closed";
  return new Error(
    `the socket (${state}) did not hear ${JSON.stringify(pattern)}; of ${heard.length} frames the last were\n${last.join("\n")}`,
  );
}

/** Whether a value holds everything that a pattern does, at any depth. */
function matches(value: unknown, pattern: unknown): boolean {
  if (typeof pattern !== "object" || pattern === null || Array.isArray(pattern))
    return isDeepStrictEqual(value, pattern);
  if (typeof value !== "object" || value === null) return false;
  const fields = new Map(Object.entries(value));
  return Object.entries(pattern).every(([name, part]) => matches(fields.get(name), part));
}
