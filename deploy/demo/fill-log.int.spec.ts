import { describe, expect, it } from "@jest/globals";
import { createLogger } from "@chat/shared/telemetry/logger";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { createClosedChat } from "../embedded/closed-chat.ts";
import { migrationSets } from "../migrate/migration-sets.ts";
import { lineOf } from "../verify/violations.ts";
import { verify } from "../verify/verify.ts";
import { bigDemo } from "./big-demo.ts";
import { fillLog } from "./fill-log.ts";

const logger = createLogger({ service: "spec", level: "silent" });
const plan = bigDemo(0.002);

describe("filling the log", () => {
  it("goes on where it was cut, changes nothing when all is there, and leaves a system in order", async () => {
    await withPostgres(
      async ({ url, pool }) => {
        const failures: unknown[] = [];
        const options = { dataDir: "unused", databaseUrl: url, partitions: 4 };
        const chat = createClosedChat(options, { log: logger, fail: (error) => void failures.push(error) });
        await chat.start();
        try {
          const lines: string[] = [];
          const cut = new AbortController();
          const fill = (signal: AbortSignal) =>
            fillLog({ ...chat.opened(), plan, signal, say: (line) => void lines.push(line) });
          const count = async () => {
            const { rows } = await pool.query<{ n: number }>("SELECT count(*)::int AS n FROM read_1.chat_events");
            return rows[0]?.n;
          };

          // Every generator has begun by then, and none of them has come to its end.
          const half = fillLog({
            ...chat.opened(),
            plan: { ...plan, chats: plan.chats.map((each) => ({ ...each, eventAt: cutAt(each, 20, cut) })) },
            signal: cut.signal,
            say: () => undefined,
          });
          await expect(half).rejects.toThrow();
          await fill(new AbortController().signal);
          expect(await count()).toBe(plan.events);

          await fill(new AbortController().signal);
          expect(lines.at(-1)).toMatch(/nothing to do/);
          expect(await count()).toBe(plan.events);

          const violations: string[] = [];
          const client = await pool.connect();
          const tell = (violation: Parameters<typeof lineOf>[0]) => void violations.push(lineOf(violation));
          const verified = await verify({ log: chat.opened().log, client, tell, report: () => undefined });
          client.release();
          expect(violations).toEqual([]);
          expect(verified).toEqual({
            events: plan.events,
            chats: plan.chats.length,
            degraded: 0,
            ahead: 0,
            withoutAccount: 0,
          });
          expect(failures).toEqual([]);

          await pool.query(
            `INSERT INTO directory.instances (role, id, url, able, expires_at)
              VALUES ('command-api', 'another', 'http://127.0.0.1:1', true, now() + interval '1 hour')`,
          );
          await expect(fill(new AbortController().signal)).rejects.toThrow(/a chat runs on this database/);
        } finally {
          await chat.stop();
        }
      },
      { migrations: migrationSets },
    );
  }, 60_000);
});

/** The events of a chat, with an interruption on the way. */
function cutAt(chat: (typeof plan.chats)[number], version: number, cut: AbortController): typeof chat.eventAt {
  return (of, idOf) => {
    if (of === version) cut.abort();
    return chat.eventAt(of, idOf);
  };
}
