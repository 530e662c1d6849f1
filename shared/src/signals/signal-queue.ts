import { within } from "../log/kafka/within.ts";
import { encodeSignal, type Signal } from "./signal.ts";

/** Signals that come within this time travel together: so a server gets at most some hundred messages a second from each process. */
const GATHER_MS = 5;
/** Some seconds of a busy instance. More of them wait only while the server is away, and then the oldest are of no use. */
const MAX_WAITING = 10_000;
/** What waited longer than this says nothing about now. */
const STALE_AFTER_MS = 2_000;
/** A server that takes longer than this is as good as away. */
const SEND_WITHIN_MS = 2_000;

export interface SignalQueueOptions {
  /** Lines of signals; at most so many bytes. A rejection means that they are lost. */
  readonly send: (message: string) => Promise<void>;
  readonly maxMessageBytes: number;
  readonly now?: () => number;
}

/** Between those who publish, who never wait, and a server, which may. One message is under way at a time, so order is kept. */
export interface SignalQueue {
  push(signal: Signal): void;
  lost(): number;
  /** Sends no more; what waits is lost. Resolves when nothing is under way. */
  stop(): Promise<void>;
}

interface Waiting {
  readonly line: string;
  readonly bytes: number;
  readonly since: number;
}

export function createSignalQueue({
  send,
  maxMessageBytes,
  now = () => performance.now(),
}: SignalQueueOptions): SignalQueue {
  let waiting: Waiting[] = [];
  let lost = 0;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;
  let stopped = false;

  function schedule(): void {
    if (stopped || timer !== undefined || sending !== undefined || waiting.length === 0) return;
    timer = setTimeout(() => {
      timer = undefined;
      sending = sendOne().finally(() => {
        sending = undefined;
        schedule();
      });
    }, GATHER_MS);
  }

  async function sendOne(): Promise<void> {
    dropStale();
    const taken = take();
    if (taken.length === 0) return;
    const message = taken.map(({ line }) => line).join("\n");
    await within(SEND_WITHIN_MS, "sending signals", send(message)).catch(() => {
      lost += taken.length;
    });
  }

  function dropStale(): void {
    const fresh = waiting.findIndex(({ since }) => now() - since < STALE_AFTER_MS);
    const stale = fresh < 0 ? waiting.length : fresh;
    lost += stale;
    waiting = waiting.slice(stale);
  }

  function take(): readonly Waiting[] {
    let bytes = 0;
    const full = waiting.findIndex((one) => (bytes += one.bytes) > maxMessageBytes);
    const taken = full < 0 ? waiting : waiting.slice(0, full);
    waiting = waiting.slice(taken.length);
    return taken;
  }

  return {
    push(signal) {
      const line = encodeSignal(signal);
      const bytes = Buffer.byteLength(line) + 1;
      if (stopped || bytes > maxMessageBytes) {
        lost += 1;
        return;
      }
      if (waiting.length === MAX_WAITING) {
        waiting.shift();
        lost += 1;
      }
      waiting.push({ line, bytes, since: now() });
      schedule();
    },
    lost: () => lost,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await sending;
    },
  };
}
