import { chmod, mkdtemp, rm } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import type { UserId } from "@chat/shared/ids";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { partitionOf } from "@chat/shared/partitions/partition-of";
import { createLogger } from "@chat/shared/telemetry/logger";
import { eventually } from "@chat/shared/testing/eventually";
import { createSpecDatabase, type SpecDatabase } from "@chat/shared/testing/with-postgres";
import { createEmbeddedChat } from "./chat.ts";
import { send, startWriters, type SteadyWriters } from "./testing/steady-writers.ts";
import { makeAccounts, PARTITIONS, withInstances, type Instances } from "./testing/with-instances.ts";

jest.setTimeout(60_000);
/** Wide: processes start and stop on a busy machine. */
const within = { within: 15_000 };
const writers = 12;
const secretKey = "a secret that is long enough for HS256 to like";

/** Real processes of command-api, and people who write by way of all of them. */
describe("several instances of command-api", () => {
  it("give who joins its share, and each takes commands for the chats of all", () =>
    withInstances(async (instances) => {
      const first = await instances.start();
      await eventually(async () => expect(await instances.shares(first)).toEqual([PARTITIONS]), within);
      const writing = await startWriters({ instances, writers, urls: [first.url] });
      await progress(writing);
      const second = await instances.start();
      const joined = stopwatch();
      await eventually(async () => expect(await instances.shares(first, second)).toEqual([8, 8]), within);
      tell(`share after the second was ready: ${joined()} ms`);
      writing.use([first.url, second.url]);
      await progress(writing);
      const third = await instances.start();
      const joinedToo = stopwatch();
      await eventually(async () => expect(await instances.shares(first, second, third)).toEqual([6, 6, 4]), within);
      tell(`share after the third was ready: ${joinedToo()} ms`);
      writing.use([first.url, second.url, third.url]);
      await progress(writing);
      await writing.stop();
      tell(`longest pause of a chat while two joined: ${writing.longestPauseMs()} ms`);
      expect(writing.refusals).toEqual([]);
      for (const one of [first, second, third]) {
        expect(await one.metric("chat_forwarded_commands_total")).toBeGreaterThan(0);
      }
      await expectAllThere(writing, instances);
    }));

  it("replace one that was killed, and lose nothing that was acknowledged", () =>
    withInstances(async (instances) => {
      const [first, second] = [await instances.start(), await instances.start()];
      await eventually(async () => expect(await instances.shares(first, second)).toEqual([8, 8]), within);
      const writing = await startWriters({ instances, writers, urls: [first.url, second.url] });
      await progress(writing);
      writing.longestPauseMs();
      second.signal("SIGKILL");
      const killed = stopwatch();
      await eventually(async () => expect(await instances.shares(first)).toEqual([PARTITIONS]), within);
      tell(`all partitions owned again after a SIGKILL: ${killed()} ms`);
      await progress(writing);
      tell(`longest pause of a chat around the SIGKILL: ${writing.longestPauseMs()} ms`);
      await writing.stop();
      for (const refusal of writing.refusals) expect(refusal).toMatch(/^503 (outcome_unknown|unavailable)$/);
      await expectAllThere(writing, instances);
    }));

  it("fence one that was paused for longer than its lease: it answers nothing from old state and steps back", () =>
    withInstances(async (instances) => {
      const [first, second] = [await instances.start(), await instances.start()];
      await eventually(async () => expect(await instances.shares(first, second)).toEqual([8, 8]), within);
      const writing = await startWriters({ instances, writers, urls: [first.url] });
      await progress(writing);
      const paused = await chatOwnedBy(second.url, writing, instances);
      second.signal("SIGSTOP");
      await eventually(async () => expect(await instances.shares(first)).toEqual([PARTITIONS]), within);
      await progress(writing);
      const before = paused.acknowledged.length;
      // It waits in the socket of the one that sleeps, and is the first thing that it sees.
      const agent = new Agent();
      const late = send(agent, `${second.url}/api/chats/${paused.chatId}/messages`, paused.token, {
        text: "too late?",
      });
      second.signal("SIGCONT");
      const answer = await late;
      const said = answer.status === 201 ? `201 after ${before}` : `${answer.status} ${answer.body.code ?? ""}`;
      expect(said).toMatch(/^(201 after|503 (outcome_unknown|unavailable)$)/);
      expect(answer.body.seq ?? Infinity).toBeGreaterThan(before);
      tell(
        `the command that waited was answered ${answer.status}; fenced: ${await second.metric("chat_fenced_appends_total")}`,
      );
      await eventually(async () => expect(await instances.shares(first, second)).toEqual([8, 8]), within);
      writing.use([first.url, second.url]);
      await progress(writing);
      await writing.stop();
      await expectAllThere(writing, instances, [paused.chatId]);
    }));

  it("hand over at a planned stop: no command fails", () =>
    withInstances(async (instances) => {
      const all = [await instances.start(), await instances.start(), await instances.start()];
      await eventually(async () => expect(total(await instances.shares(...all))).toBe(PARTITIONS), within);
      const writing = await startWriters({ instances, writers, urls: all.map(({ url }) => url) });
      await progress(writing);
      writing.longestPauseMs();
      const [leaving, ...staying] = all;
      const stopping = stopwatch();
      leaving?.signal("SIGTERM");
      await eventually(async () => expect(total(await instances.shares(...staying))).toBe(PARTITIONS), within);
      tell(`handed over after ${stopping()} ms`);
      const end = await leaving?.ended;
      tell(`gone after ${stopping()} ms`);
      await progress(writing);
      tell(`longest pause of a chat around the planned stop: ${writing.longestPauseMs()} ms`);
      await writing.stop();
      expect(end).toEqual({ exitCode: 0, said: "" });
      expect(writing.refusals).toEqual([]);
      await expectAllThere(writing, instances);
    }));
});

/** So many embedded runs, each with a folder of its own, on one database. */
async function withEmbeddedRuns(
  names: readonly string[],
  use: (runs: {
    readonly urls: readonly string[];
    readonly database: SpecDatabase;
    readonly failures: readonly unknown[];
  }) => Promise<void>,
): Promise<void> {
  const database = await createSpecDatabase();
  const folder = await mkdtemp(join(tmpdir(), "chat-instances-"));
  // For specs that run as root: PostgreSQL's own user must be able to enter.
  await chmod(folder, 0o755);
  const logger = createLogger({ service: "spec", level: "silent" });
  const failures: unknown[] = [];
  const common = { databaseUrl: database.url, secretKey };
  const settings = { port: 0, accessTokenMinutes: 30, partitions: PARTITIONS, allowedOrigins: undefined };
  const runs = names.map((name) =>
    createEmbeddedChat(
      { ...common, ...settings, dataDir: join(folder, name), flood: { burst: 60, perSecond: 20 } },
      { log: logger, fail: (error) => failures.push(error) },
    ),
  );
  try {
    for (const run of runs) await run.start();
    await use({ urls: runs.map((run) => `http://127.0.0.1:${run.address().port}`), database, failures });
  } finally {
    for (const run of runs) await run.stop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }
}

it("two embedded runs on one database share the partitions, and neither fences the other", () =>
  withEmbeddedRuns(["one", "two"], async ({ urls, database, failures }) => {
    const shares = () =>
      database.pool.query(
        "SELECT count(*)::int AS held FROM directory.leases WHERE role <> 'projector' GROUP BY owner",
      );
    await eventually(async () => expect((await shares()).rows).toEqual([{ held: 8 }, { held: 8 }]), within);
    const tokens = createAccessTokens({ secret: secretKey, lifetimeSeconds: 600 });
    const instances = {
      tokenOf: (userId: string) => tokens.sign({ userId: userId as UserId, sessionId: "a-session" }),
      over: new AbortController().signal,
    };
    await makeAccounts(database.pool);
    const writing = await startWriters({ instances, writers: 4, urls });
    await progress(writing);
    await writing.stop();
    expect(writing.refusals).toEqual([]);
    expect(failures).toEqual([]);
    const pages = await Promise.all(urls.map(async (url) => (await fetch(`${url}/metrics`)).text()));
    for (const page of pages) expect(page).toMatch(/^chat_fenced_appends_total 0$/m);
  }));

it("an embedded run tells the others on its database of a session that has ended, and leaves it not to their next look", () =>
  withEmbeddedRuns(["one"], async ({ urls: [url = ""], database }) => {
    const listener = await database.pool.connect();
    try {
      const told: string[] = [];
      listener.on("notification", ({ channel }) => told.push(channel));
      await listener.query("LISTEN chat_sessions");
      const post = (path: string, body: object, headers = {}) =>
        fetch(`${url}/api${path}`, {
          method: "POST",
          headers: { "content-type": "application/json", ...headers },
          body: JSON.stringify(body),
        });
      const account = { email: "alice@example.com", name: "Alice", password: "correct horse battery" };
      const registered = (await (await post("/auth/register", account)).json()) as { access_token: string };
      const { status } = await post("/auth/logout", {}, { authorization: `Bearer ${registered.access_token}` });
      expect(status).toBe(204);
      await eventually(() => expect(told).toContain("chat_sessions"), within);
    } finally {
      listener.release(true);
    }
  }));

/** Until every writer was acknowledged another ten times. */
async function progress({ chats }: SteadyWriters): Promise<void> {
  const goals = chats.map(({ acknowledged }) => acknowledged.length + 10);
  await eventually(() => {
    const behind = chats.filter(({ acknowledged }, index) => acknowledged.length < (goals[index] ?? 0));
    expect(behind.map(({ chatId }) => chatId)).toEqual([]);
  }, within);
}

async function chatOwnedBy(url: string, { chats }: SteadyWriters, instances: Instances) {
  for (const [index, chat] of chats.entries()) {
    const owner = await instances.ownerOf(partitionOf(chat.chatId, PARTITIONS));
    if (owner === url) return { ...chat, token: instances.tokenOf(String(index + 1)) };
  }
  throw new Error(`none of ${chats.length} chats is owned by ${url}`);
}

/** Each acknowledged message is there once, in the order of its seq, and in a chat that nobody else wrote to nothing else is. */
async function expectAllThere({ chats }: SteadyWriters, { pool }: Instances, shared: readonly string[] = []) {
  for (const { chatId, acknowledged } of chats) {
    if (!shared.includes(chatId)) expect(acknowledged).toEqual(acknowledged.map((_, index) => index + 1));
    await eventually(async () => {
      const { rows } = await pool.query<{ seqs: readonly number[]; keys: number }>(
        `SELECT array_agg((value::json->'data'->>'seq')::int ORDER BY "offset") AS seqs,
                count(DISTINCT value::json->>'key')::int AS keys
         FROM log.records AS r WHERE key = $1 AND value::json->>'type' = 'MessageSent'`,
        [chatId],
      );
      const { seqs = [], keys = 0 } = rows[0] ?? {};
      expect(acknowledged.filter((seq) => !seqs.includes(seq))).toEqual([]);
      if (shared.includes(chatId)) return;
      expect(keys).toBe(acknowledged.length);
    });
  }
}

const total = (shares: readonly number[]): number => shares.reduce((sum, share) => sum + share, 0);

function stopwatch(): () => number {
  const start = performance.now();
  return () => Math.round(performance.now() - start);
}

/** Times are told, not judged: the machine may be busy. */
const tell = (line: string): void => void process.stdout.write(`    ${line}\n`);
