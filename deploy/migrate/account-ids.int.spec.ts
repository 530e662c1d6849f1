import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import type { Pool } from "pg";
import { newElectionId } from "@chat/shared/ids";
import { leadPartition } from "@chat/shared/log/partition-writer";
import { createPostgresLog, openPostgresLog } from "@chat/shared/log/postgres/postgres-log";
import { startOfPartition } from "@chat/shared/log/position";
import { createLogger } from "@chat/shared/telemetry/logger";
import { added, groupOf, sends } from "@chat/shared/testing/chat-facts";
import { createChatWriter } from "@chat/shared/testing/chat-writer";
import { compileCache } from "@chat/shared/testing/compile-cache";
import { eventually } from "@chat/shared/testing/eventually";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { createEmbeddedChat } from "../embedded/chat.ts";
import { keepAccountIds } from "./account-ids.ts";
import { migrationSets } from "./migration-sets.ts";

jest.setTimeout(120_000);
const within = { within: 30_000 };
const PARTITIONS = 4;
const chatId = "0197a3c0-0000-7000-8000-000000000001";
const logger = createLogger({ service: "spec", level: "silent" });

const readTables = ["checkpoints", "chats", "members", "member_spans", "messages", "commands", "chat_events"];

interface Person {
  readonly id: string;
  readonly access_token: string;
}

/** The id that the next to register would get. */
async function nextId(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ next: number }>(
    "SELECT (last_value + is_called::int)::int AS next FROM identity.users_id_seq",
  );
  return rows[0]?.next ?? 0;
}

describe("a database that was restored behind its log", () => {
  it("gives nobody the id, and so the chats, of somebody whose account was lost", async () => {
    await withPostgres(async ({ pool, url }) => {
      await whileRunning(url, async (call) => {
        const early = await register(call, "early");
        await call("POST", "/chats", early, { name: "before the backup", member_ids: [] });
        await caughtUp(pool);
      });
      await backUp(pool);
      const ids = await whileRunning(url, async (call) => {
        const [lost, friend] = [await register(call, "lost"), await register(call, "friend")];
        const chat = await call("POST", "/chats", lost, { name: "secrets", member_ids: [friend.id] });
        await call("POST", `/chats/${String(chat["id"])}/messages`, lost, { text: "for friend alone" });
        await caughtUp(pool);
        return [lost.id, friend.id];
      });
      expect(ids).toEqual(["2", "3"]);

      await restore(pool);
      expect(await nextId(pool)).toBe(2);
      expect(await exitCode(migrate(url))).toBe(0);
      expect(await nextId(pool)).toBe(4);

      await restore(pool);
      await whileRunning(url, async (call) => {
        const stranger = await register(call, "stranger");
        expect(stranger.id).toBe("4");
        expect(await call("GET", "/chats", stranger)).toEqual([]);
      });
      await whileRunning(url, async (call) => expect((await register(call, "another")).id).toBe("5"));
    });
  });

  it("counts who is named behind the checkpoints, and who is named only before them", async () => {
    await withPostgres(
      async ({ pool }) => {
        await createPostgresLog(pool, randomUUID(), PARTITIONS);
        const log = await openPostgresLog({ pool });
        const keep = (): Promise<void> => keepAccountIds({ log, pool, logger });
        const append = createChatWriter(log);
        try {
          await keep();
          expect(await nextId(pool)).toBe(1);

          await append(chatId, "1", groupOf("1", "7"), ...sends(1, 1_200), added("31", 1_200), ...sends(1_201, 1_900));
          await Promise.all([keep(), keep(), keep()]);
          expect(await nextId(pool)).toBe(32);

          const ends = await log.ends();
          await pool.query(
            `INSERT INTO read_1.checkpoints SELECT place - 1, "end", '' FROM unnest($1::int8[]) WITH ORDINALITY AS t ("end", place)`,
            [ends],
          );
          await pool.query(`INSERT INTO read_1.member_spans VALUES ('${chatId}', 45, 1, 2)`);
          await keep();
          expect(await nextId(pool)).toBe(46);

          // Read models that know more than the log: whoever reads it says so, here nothing is left to read.
          await pool.query("UPDATE read_1.checkpoints SET next_offset = next_offset + 5");
          await pool.query("SELECT setval('identity.users_id_seq', 99)");
          await keep();
          expect(await nextId(pool)).toBe(100);
        } finally {
          await log.close();
        }
      },
      { migrations: migrationSets },
    );
  });

  it("counts what it can of events that nobody understands, but nothing that a client has named", async () => {
    await withPostgres(
      async ({ pool }) => {
        await createPostgresLog(pool, randomUUID(), PARTITIONS);
        const log = await openPostgresLog({ pool });
        try {
          const writing = { log, partition: 0, writer: "spec", electionId: newElectionId() };
          const leader = await leadPartition(writing, startOfPartition, () => undefined);
          const unknown = {
            type: "MemberPromoted",
            v: 9,
            actor: "12",
            key: "888",
            data: { members: [{ userId: "17", clientMessageId: "777" }] },
            content: { text: "666" },
          };
          await leader.append([
            { key: chatId, value: JSON.stringify(unknown) },
            { key: chatId, value: '"nothing at all"' },
          ]);
          await keepAccountIds({ log, pool, logger });
          expect(await nextId(pool)).toBe(18);
        } finally {
          await log.close();
        }
      },
      { migrations: migrationSets },
    );
  });
});

type Call = (
  method: string,
  path: string,
  by: Person | null,
  body?: object,
) => Promise<Readonly<Record<string, unknown>>>;

async function whileRunning<T>(databaseUrl: string, use: (call: Call) => Promise<T>): Promise<T> {
  // A new one each time: it is locked for as long as this process lives.
  const dataDir = await mkdtemp(join(tmpdir(), "chat-account-ids-"));
  // For specs that run as root: PostgreSQL's own user must be able to enter.
  await chmod(dataDir, 0o755);
  const failures: unknown[] = [];
  const settings = { port: 0, secretKey: "a secret that is long enough for HS256 to like", accessTokenMinutes: 30 };
  const limits = { allowedOrigins: undefined, flood: { burst: 60, perSecond: 20 }, partitions: PARTITIONS };
  const chat = createEmbeddedChat(
    { ...settings, ...limits, dataDir, databaseUrl },
    { log: logger, fail: (error) => failures.push(error) },
  );
  try {
    await chat.start();
    const done = await use(async (method, path, by, body) => {
      const answer = await fetch(`http://127.0.0.1:${chat.address().port}${path}`, {
        method,
        headers: {
          "content-type": "application/json",
          ...(by === null ? {} : { authorization: `Bearer ${by.access_token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as Record<string, unknown>;
    });
    expect(failures).toEqual([]);
    return done;
  } finally {
    await chat.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function register(call: Call, name: string): Promise<Person> {
  const account = { email: `${name}@example.com`, password: "password123", name };
  const { id, access_token: token } = await call("POST", "/register", null, account);
  return { id: String(id), access_token: String(token) };
}

async function caughtUp(pool: Pool): Promise<void> {
  await eventually(async () => {
    const { rows } = await pool.query(
      `SELECT FROM log.partitions LEFT JOIN read_1.checkpoints USING (partition)
       WHERE checkpoints.next_offset IS DISTINCT FROM partitions.next_offset`,
    );
    expect(rows).toHaveLength(0);
  }, within);
}

async function backUp(pool: Pool): Promise<void> {
  const copies = readTables.map((table) => `CREATE TABLE backup.${table} AS TABLE read_1.${table};`);
  await pool.query(
    `CREATE SCHEMA backup; ${copies.join(" ")}
     CREATE TABLE backup.last AS SELECT last_value FROM identity.users_id_seq`,
  );
}

/** What a restored dump does where the log is in Kafka: everything but the log is as it was. */
async function restore(pool: Pool): Promise<void> {
  const back = readTables.map(
    (table) => `DELETE FROM read_1.${table}; INSERT INTO read_1.${table} TABLE backup.${table};`,
  );
  await pool.query(
    `BEGIN; ${back.join(" ")} DELETE FROM identity.users WHERE id > (SELECT last_value FROM backup.last);
     SELECT setval('identity.users_id_seq', last_value) FROM backup.last; COMMIT`,
  );
}

function migrate(databaseUrl: string): ChildProcess {
  const root = join(import.meta.dirname, "..", "..");
  return spawn(process.execPath, [join(root, "deploy/migrate/main.ts")], {
    cwd: root,
    env: { ...compileCache, DATABASE_URL: databaseUrl, LOG_LEVEL: "warn", PARTITIONS: String(PARTITIONS) },
    stdio: "ignore",
  });
}

async function exitCode(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, "exit")) as [number];
  return code;
}
