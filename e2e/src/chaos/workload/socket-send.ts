import { WebSocket } from "ws";
import type { Note } from "../history.ts";
import { describedFrame } from "./described-frame.ts";
import { concluded, type Outcome } from "./http-call.ts";

/** As long as for a call over HTTP: what is behind it is the same. */
const ANSWER_WITHIN_MS = 8_000;

export interface SocketSend {
  /** `ws://…` of an instance of realtime. */
  readonly url: string;
  readonly token: string;
  readonly chat: string;
  readonly text: string;
  readonly key: string;
  readonly note: Note;
}

/**
 * One attempt to send a message over a socket that is opened for it, and what a careful client may conclude. Never rejects.
 * Until the frame is on its way nothing can have been done; from then on only a reply says what was.
 */
export function sendBySocket({ url, token, chat, text, key, note }: SocketSend): Promise<Outcome> {
  return new Promise((resolve) => {
    const ws = new WebSocket(`${url}/ws?token=${token}`, { handshakeTimeout: ANSWER_WITHIN_MS });
    let isOnItsWay = false;
    let why = "no reply";
    const conclude = (outcome: Outcome): void => {
      clearTimeout(late);
      ws.terminate();
      resolve(outcome);
    };
    const giveUp = (): void => conclude({ type: isOnItsWay ? "info" : "fail", status: null, why });
    const late = setTimeout(giveUp, ANSWER_WITHIN_MS);
    ws.once("error", (error) => (why = error.message));
    ws.once("close", giveUp);
    ws.on("message", (data: Buffer) => {
      const frame = describedFrame(data, note);
      if (frame.type === "ready") {
        isOnItsWay = true;
        ws.send(JSON.stringify({ type: "send", id: key, chat_id: chat, text, client_message_id: key }));
      }
      if (frame.type === "reply" && frame["id"] === key) conclude(replied(frame));
    });
  });
}

function replied(reply: Readonly<Record<string, unknown>>): Outcome {
  const { ok, result, error } = reply;
  const headers = new Headers();
  if (ok === true) return { type: "ok", body: result, headers };
  const status = typeof error === "object" && error !== null && "status" in error ? Number(error.status) : 500;
  return concluded({ status, headers }, error);
}
