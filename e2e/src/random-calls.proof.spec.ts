import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { schemathesisPath } from "@chat/shared/testing/schemathesis";
import { makeFolder, removeFolder, useChat } from "./harness/embedded-chat.ts";
import { repository } from "./harness/readme.ts";
import { register } from "./harness/user.ts";

/** For each call of the API. The same ones at every run: what one finds another finds too. */
const EXAMPLES = 25;
/** Beyond the bound that it is given, for what it has begun. */
const ENDED_WITHIN_MS = 240_000;
const run = promisify(execFile);

const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_schema_conformance",
].join();
/** These end the very session that asks. */
const ENDS_SESSION = "^/(auth/)?(logout|logout-all|password)|sessions";

const program = schemathesisPath(join(repository, "node_modules", ".cache"));
const withProgram = program === undefined ? describe.skip : describe;

withProgram("calls that a generator makes from the document of the API", () => {
  const chat = useChat();

  it(
    "are never answered with a 5xx, and always as the document says",
    async () => {
      const { token } = await register(chat.url, "Alice");
      const url = await chat.url();
      const options = [
        "--phases",
        "examples,coverage,fuzzing",
        "--checks",
        CHECKS,
        "--max-examples",
        String(EXAMPLES),
        "--generation-deterministic",
      ];
      const where = ["--exclude-path-regex", ENDS_SESSION, "--header", `Authorization: Bearer ${token}`];
      const folder = makeFolder();
      const ended = await run(program ?? "", ["run", `${url}/openapi.json`, ...options, ...where], {
        cwd: folder,
        timeout: ENDED_WITHIN_MS,
        maxBuffer: 64 * 1024 * 1024,
      }).catch((error: unknown) => error as { readonly stdout: string; readonly stderr: string });
      await removeFolder(folder);
      process.stdout.write(`${/^ +\d+ generated.*$/m.exec(ended.stdout)?.[0].trim() ?? "nothing generated"}\n`);
      expect(failuresOf(ended.stdout)).toBe("");
      expect(ended.stdout).toMatch(/\d{2,} generated/);
    },
    ENDED_WITHIN_MS + 30_000,
  );
});

/** What it found wrong, in its own words; empty when nothing. */
function failuresOf(said: string): string {
  const begins = said.search(/^=+ (FAILURES|ERRORS) =+$/m);
  if (begins < 0) return "";
  return said.slice(begins, said.search(/^=+ (WARNINGS|SUMMARY) =+$/m));
}
