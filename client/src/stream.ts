import type { FrameFromClient } from "@chat/shared/api/frames-from-clients";
import type { FrameToClient } from "@chat/shared/api/frames-to-clients";
import { type Backoff, fullJitter } from "./full-jitter.ts";
import { Refused } from "./http-calls.ts";
import { pause } from "./pause.ts";
import { createWatch } from "./watch.ts";

/** A stream that was told for this long was no failure: the next wait is the shortest again. */
const STEADY_AFTER_MS = 10_000;
const NORMAL_CLOSE = 1000;
/** What a browser says of a connection that ended without a close frame. */
const NO_CLOSE_FRAME = 1006;

/** What of the browser's `WebSocket` is used; Node's own and `ws` have it too. */
export interface Socket {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { readonly code: number }) => void): void;
  addEventListener(type: "error", listener: () => void): void;
}
const OPEN = 1;

export interface StreamOptions {
  /** Where to connect to now; whatever is to be done before a socket can open is done here. Rejects: tried again later. */
  readonly address: (signal: AbortSignal) => Promise<string>;
  readonly openSocket: (url: string) => Socket;
  readonly backoff: Backoff;
  readonly random: () => number;
  /** In the order in which they came. */
  readonly heard: (frame: FrameToClient) => void;
  /** `ready`: whether it ever was. `stopped`: no other socket follows. */
  readonly ended: (why: { readonly code: number; readonly ready: boolean; readonly stopped: boolean }) => void;
  /** Whether an error of `address` is one that no waiting mends. */
  readonly isFinal: (error: unknown) => boolean;
}

/** One socket after the other, for as long as it is wanted. */
export interface Stream {
  /** Resolves when it was stopped; rejects with the error that was final. */
  run(signal: AbortSignal): Promise<void>;
  /** False: there is no socket now. */
  send(frame: FrameFromClient): boolean;
  /** The network may have gone, or be back: asks whether anybody is there, and does not wait any longer before the next try. */
  networkChanged(): void;
  /** Ends the socket that is open, of which nothing more is heard; the next one follows. */
  reconnect(): void;
}

export function createStream(options: StreamOptions): Stream {
  let current: { readonly socket: Socket; readonly end: (code: number) => void; readonly check: () => void } | null =
    null;
  /** Aborted when there is no need to wait before the next try, also while the one before is still under way. */
  let waiting = new AbortController();

  async function run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      let notBeforeMs = 0;
      waiting = new AbortController();
      try {
        const address = await options.address(signal);
        if (signal.aborted) return;
        failures = (await hear(address, signal)) > STEADY_AFTER_MS ? 0 : failures + 1;
      } catch (error) {
        if (signal.aborted) return;
        if (options.isFinal(error)) throw error;
        failures += 1;
        if (error instanceof Refused) notBeforeMs = error.retryAfterMs;
      }
      await pause(notBeforeMs, signal);
      await pause(fullJitter(failures, options.backoff, options.random), AbortSignal.any([signal, waiting.signal]));
    }
  }

  /** One socket from its opening to its end; resolves with how long it was ready, in milliseconds. */
  function hear(address: string, signal: AbortSignal): Promise<number> {
    return new Promise((resolve) => {
      const socket = options.openSocket(address);
      let readyAt: number | null = null;
      let over = false;
      const watch = createWatch({
        ask: () => socket.send('{"type":"ping","id":"watch"}'),
        // A connection that is broken never answers a close either.
        giveUp: () => end(NO_CLOSE_FRAME),
      });
      current = { socket, end, check: watch.check };

      function end(code: number): void {
        if (over) return;
        over = true;
        watch.stop();
        signal.removeEventListener("abort", stop);
        socket.close(NORMAL_CLOSE);
        if (current?.socket === socket) current = null;
        options.ended({ code, ready: readyAt !== null, stopped: signal.aborted });
        resolve(readyAt === null ? 0 : performance.now() - readyAt);
      }
      const stop = (): void => end(NORMAL_CLOSE);

      signal.addEventListener("abort", stop);
      socket.addEventListener("error", () => undefined);
      socket.addEventListener("close", ({ code }) => end(code));
      socket.addEventListener("message", ({ data }) => {
        if (over) return;
        watch.heard();
        const frame = JSON.parse(String(data)) as FrameToClient;
        if (frame.type === "ready") {
          readyAt = performance.now();
          watch.every(frame.heartbeat * 1_000);
        }
        options.heard(frame);
      });
    });
  }

  return {
    run,
    send(frame) {
      if (current?.socket.readyState !== OPEN) return false;
      current.socket.send(JSON.stringify(frame));
      return true;
    },
    networkChanged() {
      waiting.abort();
      current?.check();
    },
    reconnect: () => current?.end(NORMAL_CLOSE),
  };
}
