import { describe, expect, it, jest } from "@jest/globals";
import { encodeEvent, type ChatEventRecord } from "@chat/shared/events/event-record";
import type { EventLog } from "@chat/shared/log/event-log";
import { directoryMigrations } from "@chat/shared/partitions/migrations";
import { createClient } from "@chat/shared/postgres/connect";
import { createLogger, type Logger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { createChatLog, type ChatLog } from "@chat/shared/testing/chat-log";
import { eventually } from "@chat/shared/testing/eventually";
import { withPostgres, type SpecDatabase } from "@chat/shared/testing/with-postgres";
import { createWakeup } from "@chat/shared/wakeup";
import { canonicalRows } from "./canonical-dump.ts";
import { keepProjecting } from "./keep-projecting.ts";
import { projectorMigrations } from "./migrations.ts";
import { rebuild } from "./rebuild.ts";
import { createProjector } from "./service.ts";
import { skipEvent } from "./skip.ts";

const silent = createLogger({ service: "spec", level: "silent" });
const migrations = [directoryMigrations, projectorMigrations];

/** Rebuilds and stand-ins take their time, on a machine that others use as well. */
const SLOW_MS = 60_000;
jest.setTimeout(SLOW_MS);

const chatId = (number: number): string => `01890000-0000-7000-9000-${String(number).padStart(12, "0")}`;

/** Version 1 creates the chat of users 1 and 2; every later one is a message of user 1. */
function record(chat: number, version: number): ChatEventRecord {
  const members = ["1", "2"].map((userId) => ({ userId, role: "member" as const }));
  return {
    id: `${chat}-${version}`,
    chatId: chatId(chat),
    version,
    actor: "1",
    at: new Date(Date.UTC(2026, 0, 1) + version).toISOString(),
    commandId: `${chat}-${version}`,
    idempotencyKey: `key-${version}`,
    requestHash: "hash",
    traceParent: null,
    event:
      version === 1
        ? { type: "ChatCreated", chatType: "group", members, content: { title: null, description: null } }
        : { type: "MessageSent", seq: version - 1, replyTo: null, content: { text: `text ${version}` } },
  };
}

const records = (chat: number, from: number, to: number): ChatEventRecord[] =>
  Array.from({ length: to - from + 1 }, (_, index) => record(chat, from + index));

interface RunningProjector {
  page(): Promise<string>;
  /** What went wrong in it. */
  readonly fatal: readonly unknown[];
  /** What it logged. */
  lines(): readonly string[];
  /** Again changes nothing. */
  stop(): Promise<void>;
}

async function startProjector(database: SpecDatabase, log: EventLog): Promise<RunningProjector> {
  const fatal: unknown[] = [];
  const written: string[] = [];
  const logger = createLogger({ service: "spec", destination: { write: (line: string) => void written.push(line) } });
  const metrics = createMetrics();
  const projector = createProjector({
    log,
    databaseUrl: database.url,
    pool: database.pool,
    logger,
    metrics,
    progress: createWakeup(),
    onFatal: (error) => fatal.push(error),
  });
  await projector.start();
  let stopped: Promise<void> | undefined;
  return {
    page: async () => (await metrics.page()).body,
    fatal,
    lines: () => written,
    stop: () => (stopped ??= projector.stop()),
  };
}

async function withProjector<T>(
  database: SpecDatabase,
  log: EventLog,
  fn: (running: RunningProjector) => Promise<T>,
): Promise<T> {
  const running = await startProjector(database, log);
  try {
    return await fn(running);
  } finally {
    await running.stop();
  }
}

async function withClient<T>(
  { url }: SpecDatabase,
  fn: (client: ReturnType<typeof createClient>) => Promise<T>,
): Promise<T> {
  const client = createClient({ url, name: "operator", log: silent, pipeline: true });
  await client.connect();
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}

async function live({ pool }: SpecDatabase): Promise<string> {
  const { rows } = await pool.query<{ schema_name: string }>("SELECT schema_name FROM read.live");
  return rows[0]?.schema_name ?? "none";
}

/** The last seq of the chat, in the generation that is live. */
async function lastSeq(database: SpecDatabase, chat: number): Promise<number | null> {
  const { rows } = await database.pool.query<{ last_seq: number }>(
    `SELECT last_seq FROM ${await live(database)}.chats WHERE chat_id = $1`,
    [chatId(chat)],
  );
  return rows[0]?.last_seq ?? null;
}

const operator = { reason: "spec", operator: "spec" };

const runRebuild = (database: SpecDatabase, log: EventLog, logger: Logger = silent): Promise<void> =>
  rebuild({
    log,
    databaseUrl: database.url,
    logger,
    signal: new AbortController().signal,
    report: () => undefined,
    acceptDifferences: false,
  });

describe("the projector", () => {
  it("follows the log, also where nothing but elections happens", async () => {
    await withPostgres(
      async (database) => {
        const log = await createChatLog(3);
        await withProjector(database, log, async ({ page }) => {
          await log.write(1, records(1, 1, 5));
          await eventually(async () => expect(await lastSeq(database, 1)).toBe(4));
          await log.write(1, records(1, 6, 7));
          await eventually(async () => expect(await lastSeq(database, 1)).toBe(6));
          const { rows } = await database.pool.query(
            "SELECT next_offset, epoch FROM read_1.checkpoints ORDER BY partition",
          );
          expect(rows).toEqual([
            { next_offset: 2, epoch: expect.stringMatching("^1:") },
            { next_offset: 9, epoch: expect.stringMatching("^1:") },
            { next_offset: 2, epoch: expect.stringMatching("^1:") },
          ]);
          expect(await page()).toContain("projector_events_total 7");
        });
      },
      { migrations },
    );
  });

  it("stops at a poison event in its partition only, says so once, and goes on when it is skipped", async () => {
    await withPostgres(
      async (database) => {
        const log = await createChatLog(2);
        await log.write(0, records(0, 1, 4));
        const offset = await log.writeRaw(
          0,
          chatId(0),
          encodeEvent(record(0, 5)).replace("MessageSent", "MessageSung"),
        );
        await log.write(0, records(0, 6, 7));
        await log.write(1, records(1, 1, 3));
        await withProjector(database, log, async ({ page, lines }) => {
          await eventually(async () => expect(await page()).toContain("projector_stopped_partitions 1"));
          await log.write(1, records(1, 4, 9));
          await eventually(async () => expect(await lastSeq(database, 1)).toBe(8));
          expect(await lastSeq(database, 0)).toBe(3);
          const said = lines().filter((line) => line.includes("cannot be projected"));
          expect(said.map((line) => JSON.parse(line) as unknown)).toEqual([
            expect.objectContaining({
              partition: 0,
              offset,
              type: "MessageSung",
              reason: 'unknown type "MessageSung"',
            }),
          ]);
          const skip = (at: number) =>
            withClient(database, (client) => skipEvent(log, client, { partition: 0, offset: at, ...operator }));
          await expect(skip(offset + 1)).rejects.toThrow(`partition 0 stands at offset ${offset}`);
          await skip(offset);
        });
        // Whoever starts anew need not wait for the next retry.
        await withProjector(database, log, async () => {
          await eventually(async () => expect(await lastSeq(database, 0)).toBe(6));
          const { rows } = await database.pool.query("SELECT degraded, version FROM read_1.chats ORDER BY chat_id");
          expect(rows).toEqual([
            { degraded: true, version: 7 },
            { degraded: false, version: 9 },
          ]);
          const skipped = await database.pool.query(`SELECT partition, "offset", reason, operator FROM read.skipped`);
          expect(skipped.rows).toEqual([{ partition: 0, offset, reason: "spec", operator: "spec" }]);
        });
      },
      { migrations },
    );
  });

  it("does not let an operator skip what can be projected", async () => {
    await withPostgres(
      async (database) => {
        const log = await createChatLog(1);
        await log.write(0, records(0, 1, 2));
        await withClient(database, async (client) => {
          const skip = (offset: number) => skipEvent(log, client, { partition: 0, offset, ...operator });
          await expect(skip(0)).rejects.toThrow("no event stands at offset 0");
          await withProjector(database, log, () => eventually(async () => expect(await lastSeq(database, 0)).toBe(1)));
          await expect(skip(4)).rejects.toThrow("no event stands at offset 4");
          await log.write(0, records(0, 3, 3));
          await expect(skip(4)).rejects.toThrow("can be projected");
        });
      },
      { migrations },
    );
  });

  it("stands by while another works, and takes over when that one ends", async () => {
    await withPostgres(
      async (database) => {
        const log = await createChatLog(2);
        await withProjector(database, log, async (first) => {
          await eventually(async () => expect(await first.page()).toContain("projector_at_work 1"));
          await withProjector(database, log, async (second) => {
            await log.write(0, records(0, 1, 9));
            await eventually(async () => expect(await lastSeq(database, 0)).toBe(8));
            expect(await second.page()).toContain("projector_at_work 0");
            expect(second.lines().join("")).not.toContain("this projector works");
            await first.stop();
            await log.write(1, records(1, 1, 3));
            await eventually(async () => expect(await lastSeq(database, 1)).toBe(2));
            expect([...first.fatal, ...second.fatal]).toEqual([]);
          });
        });
      },
      { migrations },
    );
  });

  it("takes over from one that says nothing any more", async () => {
    await withPostgres(
      async (database) => {
        const log = await createChatLog(1);
        await log.write(0, records(0, 1, 3));
        await database.pool.query(
          `INSERT INTO directory.leases (role, partition, owner, url, expires_at)
           VALUES ('projector', 0, 'killed', 'elsewhere', clock_timestamp() + interval '1 second')`,
        );
        await withProjector(database, log, async () => {
          expect(await lastSeq(database, 0)).toBeNull();
          await eventually(async () => expect(await lastSeq(database, 0)).toBe(2), { within: SLOW_MS / 2 });
        });
      },
      { migrations },
    );
  });

  it("stands back from one that works without its turn: woken, and not knowing yet that another has taken over", async () => {
    await withPostgres(
      async (database) => {
        const log = await createChatLog(2);
        await withProjector(database, log, async (first) => {
          const lines: string[] = [];
          const logger = createLogger({
            service: "woken",
            destination: { write: (line: string) => void lines.push(line) },
          });
          const over = new AbortController();
          const options = {
            log,
            databaseUrl: database.url,
            logger,
            metrics: createMetrics(),
            progress: createWakeup(),
          };
          const woken = keepProjecting(options, over.signal);
          let version = 0;
          await eventually(
            async () => {
              await log.write(0, [record(0, (version += 1))]);
              expect([...first.lines(), ...lines].join("")).toContain("stands back");
            },
            { within: SLOW_MS / 2 },
          );
          await eventually(async () => expect(await lastSeq(database, 0)).toBe(version - 1));
          over.abort();
          await woken;
          await log.write(1, records(1, 1, 3));
          await eventually(async () => expect(await lastSeq(database, 1)).toBe(2));
          expect(first.fatal).toEqual([]);
        });
      },
      { migrations },
    );
  });

  it("survives that its connection is cut", async () => {
    await withPostgres(
      async (database) => {
        const log = await createChatLog(1);
        await withProjector(database, log, async ({ fatal }) => {
          await log.write(0, records(0, 1, 2));
          await eventually(async () => expect(await lastSeq(database, 0)).toBe(1));
          await database.pool.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'projector'",
          );
          await log.write(0, records(0, 3, 9));
          await eventually(async () => expect(await lastSeq(database, 0)).toBe(8));
          expect(fatal).toEqual([]);
        });
      },
      { migrations },
    );
  });

  it("stops for good when the log is not what it was", async () => {
    await withPostgres(
      async (database) => {
        const log = await createChatLog(1);
        await log.write(0, records(0, 1, 9));
        await withProjector(database, log, () => eventually(async () => expect(await lastSeq(database, 0)).toBe(8)));
        log.records[0]?.splice(5);
        await withProjector(database, log, ({ fatal }) =>
          eventually(() => expect(fatal).toEqual([expect.objectContaining({ name: "LogHalted" })])),
        );
      },
      { migrations },
    );
  });
});

describe("a rebuild", () => {
  /** Writes a record to each partition, on and on, while `fn` runs; then says how many versions there are. */
  async function whileWriting(database: SpecDatabase, log: ChatLog, fn: () => Promise<void>): Promise<number> {
    let version = 0;
    let stopped = false;
    const writing = (async () => {
      for (; !stopped; await database.pool.query("SELECT 1")) {
        version += 1;
        for (let partition = 0; partition < log.partitions; partition += 1)
          await log.write(partition, [record(partition, version)]);
      }
    })();
    try {
      await fn();
    } finally {
      stopped = true;
      await writing;
    }
    return version;
  }

  it("takes over under load, with the same rows, and the running projector goes on in it", async () => {
    await withPostgres(
      async (database) => {
        const log = await createChatLog(3);
        await withProjector(database, log, async ({ fatal }) => {
          const version = await whileWriting(database, log, async () => {
            await eventually(async () => expect(await lastSeq(database, 2)).toBeGreaterThan(50));
            await runRebuild(database, log);
            expect(await live(database)).toBe("read_2");
          });
          for (const chat of [0, 1, 2]) {
            await eventually(async () => expect(await lastSeq(database, chat)).toBe(version - 1), {
              within: SLOW_MS / 2,
            });
          }
          const before = await canonicalRows(database.pool, "read_2");
          await runRebuild(database, log);
          expect(await live(database)).toBe("read_3");
          expect(await canonicalRows(database.pool, "read_3")).toEqual(before);
          await log.write(0, [record(0, version + 1)]);
          await eventually(async () => expect(await lastSeq(database, 0)).toBe(version));
          const { rows } = await database.pool.query("SELECT nspname FROM pg_namespace WHERE nspname ~ '^read_'");
          expect(rows).toEqual([{ nspname: "read_3" }]);
          expect(fatal).toEqual([]);
        });
      },
      { migrations },
    );
  });

  it("is no trouble to a projector that stands at an event which cannot be projected: it goes on in the new rows without a word", async () => {
    await withPostgres(
      async (database) => {
        const log = await createChatLog(2);
        await log.write(0, records(0, 1, 2));
        await log.write(1, records(1, 1, 2));
        await withProjector(database, log, async ({ page, lines }) => {
          await log.writeRaw(0, chatId(0), "{");
          await eventually(async () => expect(await page()).toContain("projector_stopped_partitions 1"));
          await eventually(async () => expect(await lastSeq(database, 1)).toBe(1));
          await runRebuild(database, log);
          expect(await live(database)).toBe("read_2");
          // As the moment at which what is stopped is tried again, this is one at which the projector looks where it stands.
          await log.writeRaw(1, chatId(1), "{");
          await eventually(() => expect(lines().filter((line) => line.includes('"schema":"read_2"'))).toHaveLength(1));
          expect(await page()).toContain("projector_stopped_partitions 2");
          expect(lines().filter((line) => line.includes("projecting failed"))).toEqual([]);
        });
      },
      { migrations },
    );
  });

  it("refuses to switch to rows that are not the live ones", async () => {
    await withPostgres(
      async (database) => {
        const log = await createChatLog(1);
        await log.write(0, records(0, 1, 5));
        await withProjector(database, log, async () => {
          await eventually(async () => expect(await lastSeq(database, 0)).toBe(4));
          await database.pool.query("UPDATE read_1.members SET own_since = own_since + 1");
          await expect(runRebuild(database, log)).rejects.toThrow(
            "the rows of members in read_2 are not those of read_1",
          );
          expect(await live(database)).toBe("read_1");
          await log.write(0, records(0, 6, 6));
          await eventually(async () => expect(await lastSeq(database, 0)).toBe(5));
        });
      },
      { migrations },
    );
  });

  it("skips again what still cannot be projected, and heals what can", async () => {
    await withPostgres(
      async (database) => {
        const log = await createChatLog(2);
        await log.write(0, records(0, 1, 2));
        await log.write(1, records(1, 1, 2));
        const good = encodeEvent(record(0, 3));
        const healed = await log.writeRaw(0, chatId(0), good.replace("MessageSent", "MessageSung"));
        const lost = await log.writeRaw(1, chatId(1), "{");
        await log.write(0, records(0, 4, 5));
        await log.write(1, records(1, 4, 5));
        await withClient(database, async (client) => {
          for (const [partition, offset] of [
            [0, healed],
            [1, lost],
          ] as const) {
            await withProjector(database, log, ({ page }) =>
              eventually(async () => expect(await page()).toContain(`projector_stopped_partitions ${2 - partition}`)),
            );
            await skipEvent(log, client, { partition, offset, ...operator });
          }
        });
        await withProjector(database, log, async () => {
          await eventually(async () =>
            expect([await lastSeq(database, 0), await lastSeq(database, 1)]).toEqual([4, 4]),
          );
          // As if the code had learned what this event means.
          const stored = log.records[0]?.[healed];
          if (stored?.kind !== "event" || log.records[0] === undefined) throw new Error("no event there");
          log.records[0][healed] = { ...stored, value: good };
          await runRebuild(database, log);
          const { rows } = await database.pool.query("SELECT degraded FROM read_2.chats ORDER BY chat_id");
          expect(rows).toEqual([{ degraded: false }, { degraded: true }]);
          const { rowCount } = await database.pool.query("SELECT FROM read_2.messages WHERE chat_id = $1", [chatId(0)]);
          expect(rowCount).toBe(4);
        });
      },
      { migrations },
    );
  });
});
