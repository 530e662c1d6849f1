import type { FrameFromClient } from "@chat/shared/api/frames-from-clients";
import type { FrameToClient } from "@chat/shared/api/frames-to-clients";
import { type Backoff, fullJitter } from "./full-jitter.ts";
import { pause } from "./pause.ts";

/** A socket that opened and said nothing, or whose server is gone without a word: longer is a network of another time. */
const READY_WITHIN_MS = 20_000;
/** A stream that lasted this long was no failure: the next wait is the shortest again. */
const STEADY_AFTER_MS = 10_000;
const NORMAL_CLOSE = 1000;

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
  readonly address: () => Promise<string>;
  readonly openSocket: (url: string) => Socket;
  readonly backoff: Backoff;
  readonly random: () => number;
  /** In the order in which they came. */
  readonly heard: (frame: FrameToClient) => void;
  /** `ready`: whether it ever was. */
  readonly ended: (why: { readonly code: number; readonly ready: boolean }) => void;
  /** Whether an error of `address` is one that no waiting mends. */
  readonly isFinal: (error: unknown) => boolean;
}

/** One socket after the other, for as long as it is wanted. */
export interface Stream {
  /** Resolves when it was stopped; rejects with the error that was final. */
  run(signal: AbortSignal): Promise<void>;
  /** False: there is no socket now. */
  send(frame: FrameFromClient): boolean;
  /** Ends the socket that is open; the next one follows. */
  reconnect(): void;
}

export function createStream(options: StreamOptions): Stream {
  let socket: Socket | null = null;

  async function run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const startedAt = performance.now();
      try {
        const address = await options.address();
        if (signal.aborted) return;
        await hear(address, signal);
      } catch (error) {
        if (options.isFinal(error)) throw error;
      }
      failures = performance.now() - startedAt > STEADY_AFTER_MS ? 0 : failures + 1;
      await pause(fullJitter(failures, options.backoff, options.random), signal);
    }
  }

  /** One socket from its opening to its end. */
  function hear(address: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const opened = options.openSocket(address);
      socket = opened;
      let ready = false;
      let over = false;
      const watch = createWatch(READY_WITHIN_MS, {
        ask: () => opened.send('{"type":"ping","id":"watch"}'),
        // A connection that is broken never answers a close either.
        giveUp: () => end(1006),
      });

      function end(code: number): void {
        if (over) return;
        over = true;
        watch.stop();
        signal.removeEventListener("abort", stop);
        opened.close(NORMAL_CLOSE);
        if (socket === opened) socket = null;
        options.ended({ code, ready });
        resolve();
      }
      const stop = (): void => end(NORMAL_CLOSE);

      signal.addEventListener("abort", stop);
      opened.addEventListener("error", () => undefined);
      opened.addEventListener("close", ({ code }) => end(code));
      opened.addEventListener("message", ({ data }) => {
        if (over) return;
        watch.heard();
        const frame = JSON.parse(String(data)) as FrameToClient;
        if (frame.type === "ready") {
          ready = true;
          watch.every(frame.heartbeat * 1_000);
        }
        options.heard(frame);
      });
    });
  }

  return {
    run,
    send(frame) {
      if (socket?.readyState !== OPEN) return false;
      socket.send(JSON.stringify(frame));
      return true;
    },
    reconnect: () => socket?.close(NORMAL_CLOSE),
  };
}

/** A page cannot see the server's pings, so it asks for itself: after a silence once, and after another it gives up. */
function createWatch(firstMs: number, act: { readonly ask: () => void; readonly giveUp: () => void }) {
  let silences = 0;
  let timer = setInterval(act.giveUp, firstMs);

  function look(): void {
    silences += 1;
    // The first look comes at most one interval after something was heard.
    if (silences === 2) act.ask();
    else if (silences > 2) act.giveUp();
  }
  return {
    heard: () => (silences = 0),
    every(ms: number): void {
      clearInterval(timer);
      timer = setInterval(look, ms);
    },
    stop: () => clearInterval(timer),
  };
}
