import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "@jest/globals";
import { compileCache } from "@chat/shared/testing/compile-cache";

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
