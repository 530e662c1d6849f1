import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { createCommandApi } from "@chat/command-api/service";
import { createProjector } from "@chat/projector/service";
import { createAuthenticate } from "@chat/shared/http/authenticate";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { createRevokedSessionList } from "@chat/shared/identity/revoked-sessions";
import { leadPartition } from "@chat/shared/log/partition-writer";
import { createPostgresLog, openPostgresLog } from "@chat/shared/log/postgres/postgres-log";
import { startOfPartition } from "@chat/shared/log/position";
import { partitionOf } from "@chat/shared/partitions/partition-of";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { compileCache } from "@chat/shared/testing/compile-cache";
import { eventually } from "@chat/shared/testing/eventually";
import { withHttpServer } from "@chat/shared/testing/http-server";
import { withPostgres, type SpecDatabase } from "@chat/shared/testing/with-postgres";
import { createWakeup } from "@chat/shared/wakeup";
import { noFiles } from "@chat/shared/testing/no-files";
import { migrationSets } from "../migrate/migration-sets.ts";

const root = join(import.meta.dirname, "../..");
const PARTITIONS = 4;
/** On a machine that others use as well. */
const slowly = { within: 30_000 };
const secret = "a secret that is long enough for HS256 to like";
const logger = createLogger({ service: "spec", level: "silent" });

describe("an event in the log that cannot be read", () => {
  it("stops the commands of its partition only, also after a restart, until it is skipped", () =>
    withPostgres(
      async (database) => {
        await createPostgresLog(database.pool, randomUUID(), PARTITIONS);
        let ill = "";
        let well = "";
        await withParts(database, async ({ createChat }) => {
          ill = await createChat();
          do well = await createChat();
          while (partitionOf(well, PARTITIONS) === partitionOf(ill, PARTITIONS));
        });
        const partition = partitionOf(ill, PARTITIONS);
        const offset = await poison(database, partition, ill);

        await withParts(database, async ({ send, page, skip }) => {
          expect(await send(well)).toMatchObject({ status: 201 });
          expect(await send(ill)).toMatchObject({ status: 503, json: { code: "unavailable" } });
          expect(await page()).toContain("chat_halted_partitions 1");
          await eventually(async () => expect(await page()).toContain("projector_stopped_partitions 1"));

          await skip(partition, offset);
          await eventually(async () => expect(await send(ill)).toMatchObject({ status: 201 }));
          expect(await page()).toContain("chat_halted_partitions 0");
        });
        await withParts(database, async ({ send }) => expect(await send(ill)).toMatchObject({ status: 201 }));
      },
      { migrations: migrationSets },
    ));

  it(
    "explains, once it is skipped, that its chat is degraded, and neither another's mark nor false rows",
    () =>
      withPostgres(
        async (database) => {
          await createPostgresLog(database.pool, randomUUID(), PARTITIONS);
          let ill = "";
          let well = "";
          await withParts(database, async ({ createChat, send }) => {
            [ill, well] = [await createChat(), await createChat()];
            for (const chatId of [ill, well]) expect(await send(chatId)).toMatchObject({ status: 201 });
          });
          const partition = partitionOf(ill, PARTITIONS);
          const offset = await poison(database, partition, ill);
          await withParts(database, async ({ page, skip }) => {
            await eventually(async () => expect(await page()).toContain("projector_stopped_partitions 1"), slowly);
            await skip(partition, offset);
          });
          // Whoever starts anew need not wait for the next retry.
          await withParts(database, async ({ send }) => {
            await eventually(async () => expect(await send(ill)).toMatchObject({ status: 201 }), slowly);
            await eventually(async () => {
              const { rows } = await database.pool.query("SELECT FROM read_1.messages");
              expect(rows).toHaveLength(3);
            }, slowly);
          });

          expect(await verifyAsOperator(database)).toMatchObject({ code: 0, violations: [] });
          // What hides nothing of one another is planted at once: each look starts a program.
          const plantings: readonly (readonly Planted[])[] = [
            [
              [
                `UPDATE read_1.chats SET degraded = false WHERE chat_id = '${ill}'`,
                ill,
                /was skipped, and it is not marked/,
              ],
              [
                `UPDATE read_1.chats SET degraded = true WHERE chat_id = '${well}'`,
                well,
                /and no event of it was skipped/,
              ],
              [`UPDATE read_1.messages SET text = 'false' WHERE chat_id = '${ill}'`, ill, /message 1 differs in text/],
              ["DELETE FROM read_1.chat_events WHERE seq = 2", ill, /the journal has no row for this event/],
              [
                `INSERT INTO read.skipped VALUES (${partition}, 0, '', '')`,
                "",
                /said to be skipped here, and none stands/,
              ],
            ],
            [["DELETE FROM read.skipped", ill, /not JSON/]],
          ];
          for (const planted of plantings) {
            await database.pool.query("CREATE SCHEMA kept");
            const tables = ["read_1.chats", "read_1.messages", "read_1.chat_events", "read.skipped"];
            const copyOf = (table: string) => `kept.${table.replace(".", "_")}`;
            for (const table of tables) await database.pool.query(`CREATE TABLE ${copyOf(table)} AS TABLE ${table}`);
            for (const [sql] of planted) await database.pool.query(sql);

            const { code, violations } = await verifyAsOperator(database);
            const missed = planted.filter(
              ([, chatId, said]) => !violations.some((line) => said.test(line) && line.includes(chatId)),
            );
            expect({ code, missed, violations }).toEqual({ code: 1, missed: [], violations });

            for (const table of tables) {
              await database.pool.query(
                `BEGIN; DELETE FROM ${table}; INSERT INTO ${table} TABLE ${copyOf(table)}; COMMIT`,
              );
            }
            await database.pool.query("DROP SCHEMA kept CASCADE");
          }
          expect(await verifyAsOperator(database)).toMatchObject({ code: 0, violations: [] });
        },
        { migrations: migrationSets },
      ),
    240_000,
  );
});

describe("a record in the log whose envelope was changed by hand", () => {
  it("is named in one line by whoever comes to it, and ends the program with 1", () =>
    withPostgres(
      async (database) => {
        await createPostgresLog(database.pool, randomUUID(), PARTITIONS);
        let chatId = "";
        await withParts(database, async ({ createChat }) => void (chatId = await createChat()));
        const partition = partitionOf(chatId, PARTITIONS);
        const offset = await poison(database, partition, chatId);
        await database.pool.query(
          `UPDATE log.records SET epoch = 'none' WHERE partition = ${partition} AND "offset" = ${offset}`,
        );
        const where = `partition ${partition} at offset ${offset}: this record is none of ours: not an epoch: "none"`;

        const skipped = await skipAsOperator(database.url, partition, offset - 1).catch((error: unknown) => error);
        expect(skipped).toMatchObject({
          code: 1,
          stderr: `projector skip: the log is not what it was: ${where}\n`,
        });
        const { code, violations } = await verifyAsOperator(database);
        expect({ code, violations }).toEqual({ code: 1, violations: [expect.stringContaining(where)] });

        // Both read what lies behind the read models, for the ids of users.
        await database.pool.query("UPDATE read_1.checkpoints SET next_offset = 1, epoch = '' WHERE partition = $1", [
          partition,
        ]);
        for (const program of ["deploy/migrate/main.ts", "deploy/embedded/main.ts"]) {
          const ended = await endOf(program, database.url);
          expect({ program, ...ended }).toMatchObject({ code: 1, stderr: expect.stringContaining(where) as unknown });
          expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
        }
      },
      { migrations: migrationSets },
    ));
});

/** A false row, the chat that it is of, and what is to be said of it. */
type Planted = readonly [sql: string, chatId: string, said: RegExp];

/** What a version of the program that is not this one may have written. */
async function poison({ pool }: SpecDatabase, partition: number, chatId: string): Promise<number> {
  const log = await openPostgresLog({ pool });
  try {
    const candidate = { log, partition, writer: "spec", electionId: randomUUID() };
    const writer = await leadPartition(candidate, startOfPartition, () => undefined);
    return (await writer.append([{ key: chatId, value: "no JSON" }])).baseOffset;
  } finally {
    await log.close();
  }
}

interface Parts {
  createChat(): Promise<string>;
  send(chatId: string): Promise<{ readonly status: number; readonly json: unknown }>;
  page(): Promise<string>;
  skip(partition: number, offset: number): Promise<void>;
}

/** A life of command-api and projector over the database; user 1 does everything. */
async function withParts({ pool, url: databaseUrl }: SpecDatabase, use: (parts: Parts) => Promise<void>) {
  await using running = new AsyncDisposableStack();
  const log = await openPostgresLog({ pool });
  running.defer(() => log.close());
  await pool.query(
    "INSERT INTO identity.users (email, name, password_hash, created_at) VALUES ('a@example.com', 'A', '', now()) ON CONFLICT DO NOTHING",
  );
  const { rows } = await pool.query<{ id: number }>("SELECT id FROM identity.users");
  const tokens = createAccessTokens({ secret, lifetimeSeconds: 600 });
  const token = tokens.sign({ userId: String(rows[0]?.id) as never, sessionId: randomUUID() });
  const metrics = createMetrics();
  const common = { log, pool, files: noFiles, databaseUrl, logger, metrics, progress: createWakeup() };
  const commandApi = createCommandApi({
    ...common,
    tokens,
    revoked: createRevokedSessionList({ tokenLifetimeSeconds: tokens.lifetimeSeconds }),
    secret,
    instanceUrl: () => "http://127.0.0.1:9",
    leaseChanges: createWakeup(),
  });
  for (const service of [createProjector({ ...common, onFatal: () => undefined }), commandApi, commandApi.share]) {
    await service.start();
    running.defer(() => service.stop());
  }
  await withHttpServer({ routes: commandApi.routes, authenticate: createAuthenticate(tokens) }, async (http) => {
    const post = (path: string, body: object) =>
      http.send("POST", path, {
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      });
    await use({
      createChat: async () => ((await post("/chats", { name: "us", member_ids: [] })).json as { id: string }).id,
      send: (chatId) => post(`/chats/${chatId}/messages`, { text: "hello" }),
      page: async () => (await metrics.page()).body,
      skip: (partition, offset) => skipAsOperator(databaseUrl, partition, offset),
    });
  });
}

/** As `docs/operations.md` says it is done. */
async function skipAsOperator(databaseUrl: string, partition: number, offset: number): Promise<void> {
  const order = ["projector", "skip", "--partition", String(partition), "--offset", String(offset), "--reason", "spec"];
  await promisify(execFile)(process.execPath, [join(root, "deploy/chat/main.ts"), ...order], {
    env: { ...compileCache, DATABASE_URL: databaseUrl },
  });
}

/** Lets a program that cannot go on come to its end. */
async function endOf(program: string, databaseUrl: string): Promise<{ code: number; stderr: string }> {
  const folder = await mkdtemp(join(tmpdir(), "chat-spec-"));
  const settings = { DATABASE_URL: databaseUrl, DATA_DIR: folder, PORT: "0", PARTITIONS: String(PARTITIONS) };
  const running = execFile(process.execPath, [join(root, program)], { env: { ...compileCache, ...settings } });
  const said: string[] = [];
  running.stderr?.on("data", (chunk) => void said.push(String(chunk)));
  const [code] = (await once(running, "close")) as [number];
  await rm(folder, { recursive: true, force: true });
  return { code, stderr: said.join("") };
}

async function verifyAsOperator({ url }: SpecDatabase) {
  const running = execFile(process.execPath, [join(root, "deploy/verify/main.ts")], {
    env: { ...compileCache, DATABASE_URL: url },
  });
  const said: string[] = [];
  running.stdout?.on("data", (chunk) => void said.push(String(chunk)));
  const [code] = (await once(running, "close")) as [number];
  return {
    code,
    violations: said
      .join("")
      .split("\n")
      .filter((line) => line.startsWith("VIOLATION")),
  };
}
