import { once } from "node:events";
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { eventually } from "@chat/shared/testing/eventually";
import type { Chat, Message } from "./harness/api.ts";
import {
  createChat,
  expectNoPostgres,
  makeFolder,
  removeFolder,
  startRun,
  within,
  type EmbeddedChat,
  type Ended,
  type Settings,
} from "./harness/embedded-chat.ts";
import { killPostgres, postgresPid } from "./harness/postgres-of.ts";
import { register } from "./harness/user.ts";

jest.setTimeout(60_000);

/** Each on a connection of its own. */
const WRITERS = 40;
const asRoot = process.getuid?.() === 0;

describe("a chat that cannot start", () => {
  let folder = "";
  beforeEach(() => {
    folder = makeFolder();
  });
  afterEach(async () => {
    await killPostgres(join(folder, "data"));
    await removeFolder(folder);
  });

  /** Lets a run come to its end, which it does by itself, and tells what it said. */
  async function refusal(settings: Settings): Promise<Ended> {
    const run = startRun({ PORT: "0", DATA_DIR: join(folder, "data"), ...settings }, folder);
    return within(30_000, run.ended, "it did not give up");
  }

  function expectOneLine(ended: Ended, line: RegExp): void {
    expect(ended).toMatchObject({ exitCode: 1, signal: null, stdout: "" });
    expect(ended.stderr).toMatch(line);
    expect(ended.stderr.trimEnd()).not.toContain("\n");
  }

  it("says that its port is busy before it makes anything", async () => {
    const other = createServer().listen(0);
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    expectOneLine(await refusal({ PORT: String(port) }), new RegExp(`^chat: Port ${port} is in use .*PORT`, "i"));
    expect(await readdir(folder)).toEqual([]);
    other.close();
  });

  it("names all bad variables at once, none of the secrets among them, and touches nothing", async () => {
    const ended = await refusal({
      PORT: "eighty",
      DATABASE_URL: "hush-hush",
      SECRET_KEY: "too-short",
      ALGORITHM: "none",
      ACCESS_TOKEN_EXPIRE_MINUTES: "0",
      PARTITIONS: "-1",
      LOG_LEVEL: "loud",
      LOG_DURABILITY: "some",
    });
    expect(ended).toMatchObject({ exitCode: 1, stdout: "" });
    const lines = ended.stderr.trimEnd().split("\n");
    const names = lines.map((line) => /^chat: ([A-Z_]+) is .*; expected .+$/.exec(line)?.[1]);
    const expected = [
      "ACCESS_TOKEN_EXPIRE_MINUTES",
      "ALGORITHM",
      "DATABASE_URL",
      "LOG_DURABILITY",
      "LOG_LEVEL",
      "PARTITIONS",
      "PORT",
      "SECRET_KEY",
    ];
    expect(names.sort()).toEqual(expected);
    expect(ended.stderr).not.toMatch(/hush|too-short/);
    expect(await readdir(folder)).toEqual([]);
  });

  it("says that there is no database where DATABASE_URL points", async () => {
    for (const host of ["127.0.0.1:1", "localhost:1", "nowhere.invalid"]) {
      const ended = await refusal({ DATABASE_URL: `postgresql://chat:hush-hush@${host}/chat` });
      expectOneLine(
        ended,
        /^chat: the database that DATABASE_URL names cannot be used: .*(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)/,
      );
      expect(ended.stderr).not.toContain("hush-hush");
    }
  });

  it("says that it may not write into its folder", async () => {
    // Root may write anywhere; but the server runs as somebody else, who must get there.
    const closed = join(folder, "closed");
    await mkdir(closed);
    await chmod(closed, asRoot ? 0o700 : 0o500);
    const ended = await refusal({ DATA_DIR: join(closed, "data") });
    expectOneLine(ended, asRoot ? /^chat: .* cannot enter .*closed/ : /^chat: cannot use .* may not write there/);
  });

  it("says that its folder is none", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    expectOneLine(await refusal({ DATA_DIR: file }), /^chat: cannot use .*file for data: .*no folder; set DATA_DIR/);
    expectOneLine(await refusal({ DATA_DIR: join(file, "data") }), /^chat: cannot use .* no folder; set DATA_DIR/);
  });

  it("explains every setting when it is asked to, and does nothing else", async () => {
    const ended = await startRun({ PORT: "not even read" }, folder, "--help").ended;
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    for (const name of ["PORT", "DATA_DIR", "DATABASE_URL", "SECRET_KEY", "LOG_LEVEL"])
      expect(ended.stdout).toContain(`  ${name}\n`);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("a chat that runs", () => {
  let chat: EmbeddedChat;
  beforeEach(() => {
    chat = createChat();
  });
  afterEach(() => chat.remove());

  it("keeps its data folder for itself, and the second one says who has it", async () => {
    const { pid } = await chat.start();
    const folder = makeFolder();
    const second = startRun({ PORT: "0", DATA_DIR: chat.dataFolder }, folder);
    const ended = await within(30_000, second.ended, "it did not give up");
    expect(ended).toMatchObject({ exitCode: 1, stdout: "" });
    expect(ended.stderr).toMatch(
      new RegExp(`^chat: .* is in use by a chat that runs already \\(process ${pid}\\)[^\n]*\n$`),
    );
    expect((await register(chat.url, "Alice")).id).toBe("1");
    await removeFolder(folder);
  });

  it("finishes what it has accepted when Ctrl-C comes to all of its group, and stops PostgreSQL after that", async () => {
    const run = await chat.start();
    const alice = await register(chat.url, "Alice");
    const { body: group } = await alice.post<Chat>("/chats", { name: "busy" });
    const path = `/chats/${group.id}/messages`;
    const socket = await alice.socket();
    const send = (n: number) => alice.post<Message>(path, { text: `m${n}`, client_message_id: `m${n}` });
    // Connections that are warm: all requests are on their way before the first answer comes back.
    await Promise.all(Array.from({ length: WRITERS }, () => alice.get("/me")));
    const answers = Array.from({ length: WRITERS }, (_, n) => send(n));
    await Promise.race(answers);
    run.signalGroup("SIGINT");
    const done = await Promise.all(answers);
    expect(done.map(({ status }) => status)).toEqual(done.map(() => 201));
    expect(await run.ended).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
    expect((await run.ended).stdout.trimEnd()).not.toContain("\n");
    expect(await socket.closed).toMatchObject({ code: 1012 });
    await expectNoPostgres(chat.dataFolder);

    await chat.kill("process");
    await chat.start();
    const { body: history } = await alice.get<Message[]>(path);
    expect(history.map(({ id }) => id).sort()).toEqual(done.map(({ body }) => body.id).sort());
  });

  it("just starts after SIGKILL, past the PostgreSQL that was left alone", async () => {
    await chat.start();
    const alice = await register(chat.url, "Alice");
    const { body: group } = await alice.post<Chat>("/chats", { name: "kept" });
    await alice.post(`/chats/${group.id}/messages`, { text: "kept too" });
    await chat.kill("process");
    await chat.start();
    expect(await alice.get(`/history/${group.id}`)).toMatchObject({
      status: 200,
      body: [{ seq: 1, text: "kept too" }],
    });
    expect(await chat.stop()).toMatchObject({ exitCode: 0, stderr: "" });
    await expectNoPostgres(chat.dataFolder);
  });

  it("stops in order when it is told to before it is ready, and starts as if nothing had been", async () => {
    const run = startRun({ PORT: "0", DATA_DIR: chat.dataFolder }, dirname(chat.dataFolder));
    // Before that it has nothing to stop, and may not even listen to signals yet.
    await eventually(async () => expect(await postgresPid(chat.dataFolder)).toBeDefined(), { within: 30_000 });
    run.signal("SIGTERM");
    const told = await within(30_000, run.ended, "it did not stop");
    expect(told).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
    await expectNoPostgres(chat.dataFolder);
    await chat.start();
    expect((await register(chat.url, "Alice")).id).toBe("1");
  });
});
