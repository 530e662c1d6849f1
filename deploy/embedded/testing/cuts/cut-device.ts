import { WebSocket } from "ws";
import { checkFrameToClient, createVersionCheck } from "@chat/shared/testing/check-frame";
import type { Frame } from "@chat/shared/testing/socket-client";

/** A device that comes back whenever it is cut off, and notes what it was told. */
export interface CutDevice {
  readonly name: string;
  /** It names its cursor. */
  readonly exact: boolean;
  /** Versions by chat, as they came. */
  readonly heard: ReadonlyMap<string, readonly number[]>;
  /** What no device may hear: a frame that is not as described, or one out of order within a socket. */
  readonly wrong: readonly string[];
  stop(): void;
}

/** So many faults are told; the others say the same. */
const MAX_WRONG = 10;

/** `cursor`: it names the last one that it was given; null: it names none, and its pongs speak for it. */
export function comeBackFor(name: string, url: string, cursor: string | null): CutDevice {
  const heard = new Map<string, number[]>();
  const wrong: string[] = [];
  let at = cursor;
  let stopped = false;
  let ws: WebSocket;

  function open(): void {
    if (stopped) return;
    ws = new WebSocket(at === null ? url : `${url}&cursor=${at}`);
    const checkVersion = createVersionCheck();
    ws.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Frame;
      try {
        checkFrameToClient(frame);
        checkVersion(frame);
      } catch (error) {
        if (wrong.length < MAX_WRONG) wrong.push(`${name}: ${String(error)}`);
      }
      if (at !== null && frame.at !== undefined) at = frame.at;
      const { chat_id: chatId, version } = frame;
      if (chatId === undefined || version === undefined) return;
      const versions = heard.get(chatId);
      if (versions === undefined) heard.set(chatId, [version]);
      else versions.push(version);
    });
    ws.on("error", () => undefined);
    ws.on("close", () => setImmediate(open));
  }

  open();
  return {
    name,
    exact: cursor !== null,
    heard,
    wrong,
    stop() {
      stopped = true;
      ws.terminate();
    },
  };
}
