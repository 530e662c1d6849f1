import { chmod, mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { CannotStart } from "@chat/shared/cannot-start";
import { openDataFolder } from "./data-folder.ts";

const LONG_ENOUGH = "k".repeat(32);

let above: string;
let folder: string;
let file: string;

beforeEach(async () => {
  above = await realpath(await mkdtemp(join(tmpdir(), "chat-secret-")));
  // The user whom PostgreSQL runs as must be able to pass.
  await chmod(above, 0o755);
  folder = join(above, "data");
  file = join(folder, "secret");
});

afterEach(() => rm(above, { recursive: true, force: true }));

describe("the secret of a data folder", () => {
  it("is made at the first start, for this user alone", async () => {
    const { secretKey } = await openDataFolder(folder);
    expect(secretKey.length).toBeGreaterThanOrEqual(LONG_ENOUGH.length);
    expect(await readFile(file, "utf8")).toBe(`${secretKey}\n`);
    expect(await modeOf(file)).toBe(0o600);
  });

  it("is taken as it was kept", async () => {
    await keep(`${LONG_ENOUGH}\n`);
    expect(await openDataFolder(folder)).toMatchObject({ secretKey: LONG_ENOUGH });
  });

  it.each([
    ["empty", ""],
    ["blank", " ".repeat(64)],
    ["a byte too short", "k".repeat(31)],
  ])("is refused in one line that says where it is and what to do: %s", async (_what, text) => {
    await keep(text);
    const refusal = await openDataFolder(folder).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CannotStart);
    expect(refusal).toMatchObject({ reasons: [expect.stringMatching(`^${file} .*delete it`)] });
    expect(await readFile(file, "utf8")).toBe(text);
  });

  it("is said in one line to be none that can be read", async () => {
    await mkdir(file, { recursive: true });
    const refusal = await openDataFolder(folder).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      reasons: [expect.stringMatching(`^the secret in ${file} cannot be read: EISDIR`)],
    });
  });

  it("is taken away again from others who may read it", async () => {
    await keep(LONG_ENOUGH);
    await chmod(file, 0o644);
    await openDataFolder(folder);
    expect(await modeOf(file)).toBe(0o600);
  });
});

it("lets the server's user in only where there is a server", async () => {
  await openDataFolder(folder, { withoutServer: true });
  expect(await modeOf(folder)).toBe(0o700);
});

async function keep(text: string): Promise<void> {
  await mkdir(folder, { mode: 0o755 });
  await writeFile(file, text, { mode: 0o600 });
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}
