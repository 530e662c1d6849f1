import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { checkFrameToClient, createVersionCheck } from "./check-frame.ts";

export interface Frame {
  readonly type: string;
  readonly chat_id?: string;
  readonly version?: number;
  readonly seq?: number;
  readonly at?: string;
  readonly id?: string;
  readonly cursor?: string;
  readonly resumed?: boolean;
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** A client of the native protocol that notes every frame, checked against its description, and that no version is missing. */
export interface SocketClient {
  readonly ws: WebSocket;
  readonly frames: readonly Frame[];
  /** What has no place in the stream: typing, presence, changed profiles. */
  readonly signals: readonly Frame[];
  /** The code. */
  readonly closed: Promise<number>;
  send(frame: object | string): void;
  /** Frames of events: all but `ready`, `cursor`, `resync`, `reply` and `error`. */
  events(): readonly Frame[];
  /** The types of all frames but the first, which is `ready`. */
  types(): readonly string[];
  /** The last whole cursor that it was given. */
  cursor(): string;
}

export interface SocketOptions {
  /** With `false` it proves nothing by itself. */
  readonly autoPong?: boolean;
  /** What is kept of a frame that was checked, where whole ones would be too much; all of it when absent. */
  readonly kept?: (frame: Frame) => Frame;
}

/** Resolves at `ready`. */
export async function openSocket(url: string, options: SocketOptions = {}): Promise<SocketClient> {
  const { autoPong = true, kept = (frame: Frame) => frame } = options;
  const ws = new WebSocket(url, { autoPong });
  const frames: Frame[] = [];
  const signals: Frame[] = [];
  const checkVersion = createVersionCheck();
  const closed = new Promise<number>((resolve) => ws.once("close", resolve));
  const ready = once(ws, "message");
  ws.on("message", (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as Frame;
    checkFrameToClient(frame);
    (signalTypes.has(frame.type) ? signals : frames).push(kept(frame));
    checkVersion(frame);
  });
  ws.on("error", () => undefined);
  await Promise.race([ready, closed.then((code) => Promise.reject(new Error(`closed with ${code}`)))]);
  return {
    ws,
    frames,
    signals,
    closed,
    send: (frame) => ws.send(typeof frame === "string" ? frame : JSON.stringify(frame)),
    events: () => frames.filter(({ type }) => !controlTypes.has(type)),
    types: () => frames.slice(1).map(({ type }) => type),
    cursor: () =>
      frames.findLast(({ at, cursor }) => at !== undefined || cursor !== undefined)?.at ?? frames[0]?.cursor ?? "",
  };
}

const signalTypes: ReadonlySet<string> = new Set(["typing", "presence", "user_updated"]);
const controlTypes: ReadonlySet<string> = new Set(["ready", "cursor", "resync", "reply", "error"]);

/** The HTTP answer to a handshake that is refused. */
export async function refusedHandshake(port: number, path: string): Promise<{ status: number; code: string }> {
  const headers = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  };
  const request = httpRequest({ host: "127.0.0.1", port, path, headers });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, code: (JSON.parse(text) as { code: string }).code };
}
