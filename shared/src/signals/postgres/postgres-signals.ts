import type pg from "pg";
import { createClient } from "../../postgres/connect.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { createHearers } from "../hearers.ts";
import { createSignalQueue } from "../signal-queue.ts";
import type { SignalsService } from "../signals.ts";

/** PostgreSQL takes payloads of less than 8,000 bytes. */
const MAX_PAYLOAD_BYTES = 7_800;
/** After a lost connection. */
const RECONNECT_MS = 500;
const channel = "chat_signals";

interface Options {
  readonly url: string;
  readonly log: Logger;
}

/**
 * Signals through `NOTIFY`, for all who share a database. On a connection of their own, and never in a transaction that
 * appends to the log: there they would make all commits queue up behind one lock.
 */
export function createPostgresSignals({ url, log }: Options): SignalsService {
  const hearers = createHearers();
  const queue = createSignalQueue({ send: notify, maxMessageBytes: MAX_PAYLOAD_BYTES });
  let client: pg.Client | null = null;
  let unanswered = false;
  let stopped = true;
  let timer: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    if (stopped || client !== null) return;
    const connecting = createClient({ url, name: "signals", log });
    connecting.on("notification", ({ payload = "" }) => hearers.tellLines(payload));
    connecting.on("end", () => {
      if (client === connecting) client = null;
      connectSoon();
    });
    try {
      await connecting.connect();
      if (hearers.count() > 0) await connecting.query(`LISTEN ${channel}`);
      client = connecting;
      if (stopped) await connecting.end();
      // Somebody may have subscribed while it connected.
      else if (hearers.count() > 0) await connecting.query(`LISTEN ${channel}`);
    } catch (error) {
      log.warn({ err: error }, "signals cannot be heard or sent; tried again");
      await connecting.end().catch(() => undefined);
      connectSoon();
    }
  }

  function connectSoon(): void {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(() => void connect(), RECONNECT_MS);
  }

  async function notify(message: string): Promise<void> {
    if (client === null) throw new Error("not connected");
    // Given up by who sent it, a statement stands before the next all the same: signals would pile up, and be told when they are old.
    if (unanswered) throw new Error("the database has not answered the one before");
    unanswered = true;
    const values = [channel, message];
    await client
      .query({ name: "signals", text: "SELECT pg_notify($1, $2)", values })
      .finally(() => (unanswered = false));
  }

  return {
    name: "signals",
    publish: queue.push,
    subscribe(hear) {
      const end = hearers.add(hear);
      // A connection that fails ends, and the next one listens from its beginning.
      void client?.query(`LISTEN ${channel}`).catch(() => undefined);
      return end;
    },
    lost: queue.lost,
    async start() {
      stopped = false;
      await connect();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await queue.stop();
      await client?.end();
    },
  };
}
