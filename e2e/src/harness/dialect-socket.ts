import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { isDeepStrictEqual } from "node:util";
import { WebSocket } from "ws";
import { createFrameCheck } from "@chat/shared/testing/frame-check";
import type { Address } from "./user.ts";

/** Wide: a push takes milliseconds, a busy machine longer. */
const HEARD_WITHIN_MS = 20_000;
/** As many as a person reads when a wait failed. */
const SHOWN_FRAMES = 12;

/**
 * A socket of a client that knows one dialect and nothing else: what comes is what it shows. It checks while it listens that
 * each frame is as described.
 */
export interface DialectSocket {
  /** Everything until now; objects where it was JSON. */
  readonly heard: readonly unknown[];
  /** All that came since the last such wait, up to a frame that is, or holds, this one. */
  until(frame: unknown): Promise<readonly unknown[]>;
  /** An object as JSON. */
  send(frame: object | string): void;
  /** The code, once it is closed. */
  readonly closed: Promise<number>;
  close(): Promise<void>;
}

export async function openDialect(
  address: Address,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<DialectSocket> {
  const url = await socketUrl(address, path, query);
  const ws = new WebSocket(url);
  const socket = recorded(ws, createFrameCheck(url));
  await once(ws, "open");
  return socket;
}

/** The status with which a handshake is refused. */
export async function refusedDialect(
  address: Address,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  const ws = new WebSocket(await socketUrl(address, path, query));
  ws.on("error", () => undefined);
  const [, answer] = (await once(ws, "unexpected-response")) as [unknown, IncomingMessage];
  answer.resume();
  return answer.statusCode;
}

async function socketUrl(address: Address, path: string, query: Readonly<Record<string, string>>): Promise<string> {
  return `${(await address()).replace("http", "ws")}${path}?${new URLSearchParams(query).toString()}`;
}

function recorded(ws: WebSocket, check: (text: string) => void): DialectSocket {
  const heard: unknown[] = [];
  let fault: Error | undefined;
  let returned = 0;
  let wake = Promise.withResolvers<null>();
  const closed = new Promise<number>((resolve) => {
    ws.once("close", (code) => {
      resolve(code);
      wake.resolve(null);
    });
  });
  // A connection that breaks is told by "close" too.
  ws.on("error", () => undefined);
  ws.on("message", (data: Buffer) => {
    const text = data.toString();
    heard.push(parsed(text));
    try {
      check(text);
    } catch (error) {
      fault ??= error instanceof Error ? error : new Error(String(error));
    }
    wake.resolve(null);
    wake = Promise.withResolvers();
  });
  return {
    heard,
    closed,
    async until(frame) {
      const late = AbortSignal.timeout(HEARD_WITHIN_MS);
      for (let at = returned; ; at += 1) {
        while (at >= heard.length) {
          if (late.aborted || ws.readyState === WebSocket.CLOSED) throw notHeard(frame, heard, ws);
          await Promise.race([wake.promise, once(late, "abort")]);
        }
        if (fault !== undefined) throw fault;
        if (!holds(heard[at], frame)) continue;
        const since = heard.slice(returned, at + 1);
        returned = at + 1;
        return since;
      }
    },
    send: (frame) => ws.send(typeof frame === "string" ? frame : JSON.stringify(frame)),
    async close() {
      ws.close();
      await closed;
      if (fault !== undefined) throw fault;
    },
  };
}

/** Words stay words: what a person would not take for JSON is none. */
function parsed(text: string): unknown {
  if (!text.startsWith("{")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Whether a value holds everything that a pattern does, at any depth. */
function holds(value: unknown, pattern: unknown): boolean {
  if (typeof pattern !== "object" || pattern === null) return isDeepStrictEqual(value, pattern);
  if (typeof value !== "object" || value === null) return false;
  const fields = new Map(Object.entries(value));
  return Object.entries(pattern).every(([name, part]) => holds(fields.get(name), part));
}

function notHeard(frame: unknown, heard: readonly unknown[], ws: WebSocket): Error {
  const last = heard.slice(-SHOWN_FRAMES).map((one) => `  ${JSON.stringify(one)}`);
  const state = ws.readyState === WebSocket.OPEN ? "open" : "closed";
  return new Error(
    `the socket (${state}) did not hear ${JSON.stringify(frame)}; of ${heard.length} frames the last were\n${last.join("\n")}`,
  );
}
