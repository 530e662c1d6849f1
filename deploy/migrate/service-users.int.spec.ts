import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { createClient } from "@chat/shared/postgres/connect";
import { createLogger } from "@chat/shared/telemetry/logger";
import { compileCache } from "@chat/shared/testing/compile-cache";
import { eventually } from "@chat/shared/testing/eventually";
import { createFrameCheck } from "@chat/shared/testing/frame-check";
import { freePort } from "@chat/shared/testing/free-port";
import { createSpecDatabase } from "@chat/shared/testing/with-postgres";
import { rightsOf, services, type ServiceName } from "./service-rights.ts";

const root = join(import.meta.dirname, "..", "..");
const log = createLogger({ service: "spec", level: "silent" });
type Client = ReturnType<typeof createClient>;
const within = { within: 60_000 };
jest.setTimeout(180_000);

/** Users are the whole server's, databases one spec's: so the names are one spec's too. */
const suffix = randomUUID().slice(0, 8);
const userOf = (service: ServiceName): string => `${service}-${suffix}`;
const variableOf = (service: ServiceName): string => `${service.toUpperCase().replaceAll("-", "_")}_DATABASE_URL`;

describe("services with database users of their own", () => {
  let database: Awaited<ReturnType<typeof createSpecDatabase>>;
  let urls: Record<ServiceName, string>;
  let files: string;
  const running: ChildProcess[] = [];
  const secret = randomBytes(32).toString("hex");

  beforeAll(async () => {
    database = await createSpecDatabase();
    files = await mkdtemp(join(tmpdir(), "chat-service-users-"));
    urls = Object.fromEntries(services.map((service) => [service, urlAs(service)])) as typeof urls;
    await succeeds("deploy/migrate/main.ts", { DATABASE_URL: database.url, ...migrateUrls() });
  });
  afterAll(async () => {
    await Promise.all(running.map(stop));
    for (const service of services) {
      await database.pool.query(`DROP OWNED BY "${userOf(service)}"; DROP ROLE "${userOf(service)}"`);
    }
    await database.drop();
    await rm(files, { recursive: true, force: true });
  });

  function urlAs(service: ServiceName): string {
    const url = new URL(database.url);
    url.username = userOf(service);
    url.password = "of /its: own";
    return url.href;
  }

  const migrateUrls = (): Record<string, string> =>
    Object.fromEntries(services.map((service) => [variableOf(service), urls[service]]));

  async function as<T>(service: ServiceName, work: (client: Client) => Promise<T>): Promise<T> {
    const client = createClient({ url: urls[service], name: "spec", log });
    await client.connect();
    return work(client).finally(() => client.end());
  }

  async function live(): Promise<string> {
    const { rows } = await database.pool.query<{ schema_name: string }>("SELECT schema_name FROM read.live");
    return rows[0]?.schema_name ?? "none";
  }

  it("each have what they need: a message is sent, told, remembered and read, before and after a rebuild", async () => {
    const [commands, queries, sockets, projector] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    const ports = { "command-api": commands, "query-api": queries, realtime: sockets, projector };
    for (const service of services) {
      running.push(start(`${service}/src/main.ts`, { DATABASE_URL: urls[service], PORT: String(ports[service]) }));
    }
    const account = { email: "alice@example.com", password: "password123", name: "alice" };
    const { access_token } = await eventually(() => post(commands, "/register", account), within);
    const authorization = { authorization: `Bearer ${String(access_token)}` };
    const { id: chat } = await post(commands, "/chats", { name: "all alone", member_ids: [] }, authorization);
    const history = async (): Promise<unknown> => {
      const answer = await fetch(`http://127.0.0.1:${queries}/chats/${String(chat)}/messages`, {
        headers: authorization,
      });
      expect(answer.headers.get("chat-stale")).toBeNull();
      return answer.json();
    };

    await post(commands, `/chats/${String(chat)}/messages`, { text: "before" }, authorization);
    await eventually(async () => expect(await history()).toMatchObject([{ text: "before" }]), within);
    const form = new FormData();
    form.set("file", new Blob(["what is kept"]), "kept.txt");
    const [message] = (await history()) as readonly { id: string }[];
    const attached = await fetch(`http://127.0.0.1:${commands}/messages/${String(message?.id)}/files`, {
      method: "POST",
      headers: authorization,
      body: form,
    });
    expect(attached.status).toBe(201);
    const { url } = (await attached.json()) as { url: string };
    const got = await fetch(`http://127.0.0.1:${queries}${url}`, { headers: authorization });
    expect(await got.text()).toBe("what is kept");
    const { ticket } = await post(commands, "/ws-ticket", {}, authorization);
    const opened = await eventually(() => listen(`ws://127.0.0.1:${sockets}/ws?ticket=${String(ticket)}`), within);
    await succeeds("projector/src/main.ts", { DATABASE_URL: database.url }, "rebuild");
    await post(commands, `/chats/${String(chat)}/messages`, { text: "after" }, authorization);
    await eventually(
      async () => expect(await history()).toMatchObject([{ text: "before" }, { text: "after" }]),
      within,
    );
    await eventually(() => expect(opened.frames.join("\n")).toContain('"text":"after"'), within);
    opened.close();
  });

  it("let query-api write nothing, anywhere, even if it wanted to", async () => {
    await as("query-api", async (client) => {
      expect(await refusal(client, "CREATE TEMPORARY TABLE t ()")).toBe("25006");
      const { rows } = await client.query(`
        SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname !~ '^(pg_|information_schema)' AND c.relkind IN ('r', 'v')
          AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
        UNION ALL SELECT nspname FROM pg_namespace WHERE has_schema_privilege(oid, 'CREATE')
        UNION ALL SELECT oid::regprocedure::text FROM pg_proc WHERE prosecdef AND has_function_privilege(oid, 'EXECUTE')`);
      expect(rows).toEqual([]);
      await client.query("SET default_transaction_read_only = off");
      expect(await refusal(client, `INSERT INTO ${await live()}.checkpoints VALUES (99, 0, '')`)).toBe("42501");
      expect(await refusal(client, "UPDATE identity.users SET name = 'x'")).toBe("42501");
      expect(await refusal(client, "SELECT directory.redeem_ws_ticket('x')")).toBe("42501");
      expect(await refusal(client, "CREATE SCHEMA mine")).toBe("42501");
    });
  });

  it("let nobody but command-api see passwords, and nobody but the projector write read models", async () => {
    for (const service of services) {
      await as(service, async (client) => {
        await client.query("SET default_transaction_read_only = off");
        const write = `DELETE FROM ${await live()}.checkpoints WHERE partition = -1`;
        const read = "SELECT password_hash FROM identity.users LIMIT 0";
        expect([service, await refusal(client, read)]).toEqual([service, service === "command-api" ? null : "42501"]);
        expect([service, await refusal(client, write)]).toEqual([service, service === "projector" ? null : "42501"]);
      });
    }
  });

  it("forget nothing: every table in a schema that several share is somebody's, and no right is for what is not there", async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      `SELECT n.nspname || '.' || c.relname AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
       WHERE n.nspname = 'directory' AND c.relkind IN ('r', 'v') AND c.relname NOT LIKE 'migrations%'`,
    );
    const named = new Set(services.flatMap((service) => rightsOf[service].map(({ on }) => on)));
    expect(rows.map(({ name }) => name).filter((name) => !named.has(name))).toEqual([]);
    const { rows: schemas } = await database.pool.query<{ name: string }>(
      "SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^(pg_|read_|information_schema|public)'",
    );
    expect(
      schemas.map(({ name }) => name).filter((name) => ![...named].some((on) => on.split(".")[0] === name)),
    ).toEqual([]);
  });

  it("are not made of who owns the tables, nor without a password", async () => {
    const owner = { DATABASE_URL: database.url, QUERY_API_DATABASE_URL: ownerWithPassword() };
    expect(await fails(owner)).toMatch(/^migrate: QUERY_API_DATABASE_URL names .+, who owns the tables; .+\n$/);
    const nobody = { DATABASE_URL: database.url, QUERY_API_DATABASE_URL: "postgresql://query_api@localhost/chat" };
    expect(await fails(nobody)).toMatch(/^migrate: QUERY_API_DATABASE_URL names no user with a password; .+\n$/);
  });

  function ownerWithPassword(): string {
    const url = new URL(database.url);
    url.password = "guessed";
    return url.href;
  }

  function start(program: string, environment: Record<string, string>, ...orders: string[]): ChildProcess {
    return spawn(process.execPath, [join(root, program), ...orders], {
      cwd: root,
      env: { ...compileCache, LOG_LEVEL: "warn", SECRET_KEY: secret, FILES_DIR: files, ...environment },
      stdio: ["ignore", "ignore", "pipe"],
    });
  }

  async function ended(child: ChildProcess): Promise<{ code: number; said: string }> {
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, "close")) as [number];
    return { code, said };
  }

  async function succeeds(program: string, environment: Record<string, string>, ...orders: string[]): Promise<void> {
    expect(await ended(start(program, environment, ...orders))).toEqual({ code: 0, said: "" });
  }

  async function fails(environment: Record<string, string>): Promise<string> {
    const { code, said } = await ended(start("deploy/migrate/main.ts", environment));
    expect(code).toBe(1);
    return said;
  }
});

/** The SQLSTATE of the refusal, or null. */
async function refusal(client: Client, statement: string): Promise<unknown> {
  try {
    await client.query(statement);
    return null;
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const closed = once(child, "exit");
  child.kill("SIGTERM");
  await closed;
}

async function listen(url: string): Promise<{ frames: string[]; close(): void }> {
  const socket = new WebSocket(url);
  const frames: string[] = [];
  socket.addEventListener("message", ({ data }) => frames.push(String(data)));
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error("refused")));
  });
  return {
    frames,
    close() {
      socket.close();
      frames.forEach(createFrameCheck(url));
    },
  };
}

async function post(port: number, path: string, body: object, headers = {}): Promise<Record<string, unknown>> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
}
