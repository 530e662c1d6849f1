import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "@jest/globals";
import { compileCache } from "@chat/shared/testing/compile-cache";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { migrationSets } from "../migrate/migration-sets.ts";

it.each([
  ["says that it does not use KAFKA_BROKERS", { KAFKA_BROKERS: "localhost:9092" }, ["warn"]],
  ["says nothing of them where they are not set", { KAFKA_BROKERS: "" }, []],
])("the embedded run %s", async (_what, settings, levels) => {
  // On a busy port it ends before it makes anything.
  await using busy = createServer().listen(0);
  await once(busy, "listening");
  const address = busy.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const ended = await promisify(execFile)(process.execPath, [join(import.meta.dirname, "main.ts")], {
    cwd: tmpdir(),
    env: { ...compileCache, ...settings, PORT: String(address.port) },
  }).catch((error: unknown) => error);
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining(`${address.port} is in use`) });
  const { stdout } = ended as { readonly stdout: string };
  const lines = stdout.split("\n").filter((line) => line !== "");
  expect(lines.map((line) => (JSON.parse(line) as { readonly level: string }).level)).toEqual(levels);
  for (const line of lines) expect(line).toMatch(/KAFKA_BROKERS .* in PostgreSQL/);
});

it("the embedded run refuses to start, in one line, beside one on the same database with another secret", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "chat-second-"));
  await withPostgres(
    async ({ pool, url }) => {
      await pool.query(
        `INSERT INTO directory.instances (role, id, url, able, key_fingerprint, expires_at)
         VALUES ('command-api', 'first', 'http://first:8000', true, 'of another key', now() + interval '1 hour')`,
      );
      const ended = await promisify(execFile)(process.execPath, [join(import.meta.dirname, "main.ts")], {
        cwd: tmpdir(),
        env: { ...compileCache, DATABASE_URL: url, DATA_DIR: dataDir, PORT: "0", LOG_LEVEL: "error" },
      }).catch((error: unknown) => error);
      expect(ended).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringMatching(/^chat: .*\(http:\/\/first:8000\) has another SECRET_KEY: give both .*\n$/),
      });
    },
    { migrations: migrationSets },
  );
  await rm(dataDir, { recursive: true });
}, 60_000);
