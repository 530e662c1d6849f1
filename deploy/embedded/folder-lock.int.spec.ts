import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { link, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { CannotStart } from "@chat/shared/cannot-start";
import { eventually } from "@chat/shared/testing/eventually";
import { createLogger } from "@chat/shared/telemetry/logger";
import { lockFolder } from "./folder-lock.ts";
import { stopOrphan } from "./orphan.ts";
import { commandLineOf, identityOf } from "./running-process.ts";

let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "chat-lock-"))));

afterEach(async () => {
  for (const { pid } of children.splice(0)) if (pid !== undefined) process.kill(-pid, "SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

/** A child of a parent that waits for none: what replaces the shell does not know that it has one. */
async function childOfCareless(): Promise<{ pid: number; identity: string }> {
  const parent = spawn("sh", ["-c", "sleep 1000 & echo $!; exec sleep 1000"], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  children.push(parent);
  const [line] = (await once(createInterface(parent.stdout), "line")) as [string];
  // Until then it is a shell, which buries what it has made.
  await eventually(async () => expect(await commandLineOf(parent.pid ?? 0)).toMatch(/^sleep/));
  const pid = Number(line);
  // From fork to exec it is the same process to the kernel, and so to us.
  const identity = await identityOf(pid);
  if (identity === undefined) throw new Error(`there is no process ${line}`);
  return { pid, identity };
}

/** It ends, and lies there as a zombie as long as its parent lives. */
async function kill(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await eventually(async () => expect(await identityOf(pid)).toBeUndefined());
  // Its number is still taken.
  process.kill(pid, 0);
}

async function marks(): Promise<[string, unknown][]> {
  const names = await readdir(folder);
  return Promise.all(
    names.map(async (name) => [name, JSON.parse(await readFile(join(folder, name), "utf8")) as unknown]),
  );
}

const ours = async (): Promise<unknown> => ({ pid: process.pid, identity: await identityOf(process.pid) });

describe("the mark of a folder's holder", () => {
  it("holds while its process lives, and not when that was killed and nobody has buried it", async () => {
    const holder = await childOfCareless();
    await writeFile(join(folder, "in-use.1"), JSON.stringify(holder));
    await expect(lockFolder(folder)).rejects.toThrow(
      new CannotStart(
        `${folder} is in use by a chat that runs already (process ${holder.pid}); stop it, or set DATA_DIR`,
      ),
    );
    await kill(holder.pid);
    await lockFolder(folder);
    expect(await marks()).toEqual([["in-use.2", await ours()]]);
  });

  it.each([
    ["empty", ""],
    ["cut", '{"pid":4711,"ident'],
    ["zeroes", "\0".repeat(40)],
    ["of another form", "null"],
  ])("is a dead one's when it is %s", async (_what, text) => {
    await writeFile(join(folder, "in-use.7"), text);
    await lockFolder(folder);
    expect(await marks()).toEqual([["in-use.8", await ours()]]);
  });

  it("is not changed by a process with the number of one that was killed while it took the folder", async () => {
    const half = join(folder, `in-use.new-${process.pid}`);
    await writeFile(half, JSON.stringify({ pid: process.pid, identity: "another" }));
    await link(half, join(folder, "in-use.1"));
    await lockFolder(folder);
    expect(await marks()).toEqual([["in-use.2", await ours()]]);
  });
});

it("a server that was killed and that nobody has buried is not waited for", async () => {
  const { pid } = await childOfCareless();
  await kill(pid);
  const file = join(folder, "postmaster.pid");
  await writeFile(file, `${pid}\nthe rest\n`);
  await stopOrphan(folder, createLogger({ service: "spec", level: "silent" }));
  expect(await readFile(file, "utf8")).toBe(`${process.pid}\nthe rest\n`);
});
