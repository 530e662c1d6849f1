import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { compileCache } from "@chat/shared/testing/compile-cache";

const root = join(import.meta.dirname, "../..");

/** Without any setting: what is said wrongly is told before anything is missed. */
async function refusalOf(program: string, ...words: string[]): Promise<string> {
  // A folder without .env.
  const run = promisify(execFile)(process.execPath, [join(root, program), ...words], {
    cwd: tmpdir(),
    env: compileCache,
  });
  const ended = await run.catch((error: unknown) => error);
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  return (ended as { readonly stderr: string }).stderr;
}

async function answerOf(program: string, ...words: string[]): Promise<string> {
  const options = { cwd: tmpdir(), env: compileCache };
  return (await promisify(execFile)(process.execPath, [join(root, program), ...words], options)).stdout;
}

const nothingKnown = "it takes no arguments. Its settings come from the environment; --help lists them.\n";
const notKnown = "--nope is not known here; --help says what is\n";

describe("a word that a program does not know", () => {
  it.each([
    ["verify", "deploy/verify/main.ts", ["--nope"], `verify: --nope: ${nothingKnown}`],
    ["migrate", "deploy/migrate/main.ts", ["--nope", "more"], `migrate: --nope more: ${nothingKnown}`],
    ["chat verify", "deploy/chat/main.ts", ["verify", "--nope"], `verify: --nope: ${nothingKnown}`],
    ["chat postgres", "deploy/chat/main.ts", ["postgres", "--nope"], `postgres: --nope: ${nothingKnown}`],
    ["chat log copy", "deploy/chat/main.ts", ["log", "copy", "--nope"], `log copy: ${notKnown}`],
    ["demo", "deploy/demo/main.ts", ["--nope"], `demo: ${notKnown}`],
    [
      "chat projector rebuild",
      "deploy/chat/main.ts",
      ["projector", "rebuild", "--nope"],
      `projector rebuild: ${notKnown}`,
    ],
    ["projector rebuild", "projector/src/main.ts", ["rebuild", "--nope"], `projector rebuild: ${notKnown}`],
  ])("ends it with a line, and is not passed over: %s", async (_name, program, words, line) => {
    expect(await refusalOf(program, ...words)).toBe(line);
  });
});

describe("an option that is missing or wrong", () => {
  it.each([
    [
      "chat log copy",
      "deploy/chat/main.ts",
      ["log", "copy", "--from", "postgres"],
      "log copy: --to is missing; expected --to kafka, there is no other way; --help says more\n",
    ],
    [
      "chat projector skip",
      "deploy/chat/main.ts",
      ["projector", "skip", "--partition", "3", "--offset", "-1", "--reason", "why"],
      'projector skip: --offset is "-1"; expected a whole number\n',
    ],
    [
      "projector skip",
      "projector/src/main.ts",
      ["skip", "--partition", "3", "--offset", "-1", "--reason", "why"],
      'projector skip: --offset is "-1"; expected a whole number\n',
    ],
  ])("is named before any setting: %s", async (_name, program, words, line) => {
    expect(await refusalOf(program, ...words)).toBe(line);
  });
});

describe("the list of an operator's orders", () => {
  const list =
    "chat: say one of: log copy, migrate, postgres, projector rebuild, projector skip, verify; with --help each says more\n";

  it("is said when it is asked for, and when an order is not said whole", async () => {
    expect(await answerOf("deploy/chat/main.ts", "--help")).toBe(list);
    expect(await refusalOf("deploy/chat/main.ts", "projector")).toBe(list);
  });

  it.each(["log copy", "projector rebuild"])("leads to the program's own help: %s", async (order) => {
    const help = await answerOf("deploy/chat/main.ts", ...order.split(" "), "--help");
    expect(help).toMatch(new RegExp(`^${order}: .*\n\nIts settings`));
  });
});
