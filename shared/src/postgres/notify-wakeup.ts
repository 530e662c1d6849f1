import type pg from "pg";
import type { Service } from "../lifecycle.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createWakeup, type Wakeup } from "../wakeup.ts";
import { createClient } from "./connect.ts";

/** After a lost connection. Meanwhile those who wait poll, so nothing is missed, only later. */
const reconnectMs = 1_000;

/** A tap on the shoulder across processes. */
export interface NotifyWakeup extends Wakeup, Service {}

interface Options {
  readonly url: string;
  /** A name of ours: letters and underscores. */
  readonly channel: string;
  readonly log: Logger;
}

/**
 * Wakes the other processes through `NOTIFY`, at most one under way at a time. It is sent on a connection of its own
 * after the commit that it speaks of: inside the transaction it would make all commits queue up behind one lock.
 */
export function createNotifyWakeup({ url, channel, log }: Options): NotifyWakeup {
  const heard = createWakeup();
  let client: pg.Client | null = null;
  let stopped = true;
  let sending = false;
  let again = false;

  async function connect(): Promise<void> {
    const connecting = createClient({ url, name: `wakeup ${channel}`, log });
    connecting.on("notification", () => {
      heard.wake();
    });
    connecting.on("end", () => {
      if (client === connecting) client = null;
      if (!stopped) setTimeout(() => void reconnect(), reconnectMs).unref();
    });
    await connecting.connect();
    await connecting.query(`LISTEN ${channel}`);
    client = connecting;
    heard.wake();
  }

  async function reconnect(): Promise<void> {
    if (stopped || client !== null) return;
    // A connection that fails ends, which tries again.
    await connect().catch((error: unknown) => {
      log.warn({ err: error, channel }, "cannot listen; polling meanwhile");
    });
  }

  async function send(): Promise<void> {
    sending = true;
    do {
      again = false;
      await client?.query(`NOTIFY ${channel}`).catch(() => undefined);
    } while (again);
    sending = false;
  }

  return {
    name: `wakeup ${channel}`,
    wake() {
      if (sending) again = true;
      else void send();
    },
    next: heard.next,
    async start() {
      stopped = false;
      await connect();
    },
    async stop() {
      stopped = true;
      await client?.end();
    },
  };
}
