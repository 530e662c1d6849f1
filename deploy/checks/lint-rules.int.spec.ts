import { beforeAll, describe, expect, it } from "@jest/globals";
import { join } from "node:path";
import { jsonFromTool } from "./json-from-tool.ts";
import { withPlantedFiles } from "./with-planted-files.ts";

const root = join(import.meta.dirname, "..", "..");

/** One offence each, in a file of its own: what the house forbids, the rule that finds it, where, and how it looks. */
const planted: readonly (readonly [title: string, rule: string, file: string, code: string])[] = [
  [
    "the environment below main.ts",
    "no-restricted-properties",
    "projector/src/environment.ts",
    "export const port = process.env.PORT;",
  ],
  [
    "the environment by import",
    "no-restricted-imports",
    "projector/src/by-import.ts",
    'import { env } from "node:process";\nexport const port = env.PORT;',
  ],
  [
    "a promise that nobody waits for",
    "@typescript-eslint/no-floating-promises",
    "projector/src/floating.ts",
    "Promise.resolve(1);",
  ],
  ["any", "@typescript-eslint/no-explicit-any", "projector/src/any.ts", "export const anything: any = 1;"],
  [
    "!",
    "@typescript-eslint/no-non-null-assertion",
    "projector/src/bang.ts",
    "export const first = (list: number[]): number => list[0]!;",
  ],
  [
    "an import that is only a type",
    "@typescript-eslint/consistent-type-imports",
    "projector/src/type-import.ts",
    'import { Readable } from "node:stream";\nexport const end = (stream: Readable): unknown => stream.destroy();',
  ],
  [
    "a switch that forgets a case, though it has a default",
    "@typescript-eslint/switch-exhaustiveness-check",
    "projector/src/switch.ts",
    'export function f(x: "a" | "b"): number {\n  switch (x) {\n    case "a":\n      return 1;\n    default:\n      return 2;\n  }\n}',
  ],
  ["a class that is no error", "no-restricted-syntax", "projector/src/class.ts", "export class Thing {}"],
  ["a default export", "no-restricted-syntax", "projector/src/default.ts", "export default 1;"],
  ["console", "no-console", "projector/src/console.ts", 'console.log("here");'],
  [
    "SQL outside its rooms",
    "no-restricted-syntax",
    "realtime/src/tail.ts",
    "export const text = `SELECT id FROM chats WHERE id = 1`;",
  ],
  ["a clock in the domain", "no-restricted-syntax", "command-api/src/domain/now.ts", "export const now = Date.now();"],
  [
    "a clock in the domain, by new",
    "no-restricted-syntax",
    "command-api/src/domain/new.ts",
    "export const now = new Date();",
  ],
  ["chance in the domain", "no-restricted-syntax", "command-api/src/domain/dice.ts", "export const d = Math.random();"],
  [
    "a random id in the domain",
    "no-restricted-globals",
    "command-api/src/domain/id.ts",
    "export const id = crypto.randomUUID();",
  ],
  [
    "chance that was taken out of Math",
    "no-restricted-syntax",
    "command-api/src/domain/taken.ts",
    "const { random } = Math;\nexport const d = random();",
  ],
  [
    "a clock in the domain, by a way round",
    "no-restricted-globals",
    "command-api/src/domain/round.ts",
    "export const now = globalThis.performance.now();",
  ],
  [
    "the environment by a way round",
    "no-restricted-globals",
    "projector/src/round.ts",
    "export const port = globalThis.process.env.PORT;",
  ],
  [
    "SQL in small letters, as a plain text",
    "no-restricted-syntax",
    "realtime/src/small.ts",
    'export const text = "select id from chats where id = 1";',
  ],
  ["a spec that runs alone", "jest/no-focused-tests", "e2e/src/focused.spec.ts", spec("it.only", "expect(1).toBe(1)")],
  ["a spec that is skipped", "jest/no-disabled-tests", "e2e/src/skipped.spec.ts", spec("it.skip", "expect(1).toBe(1)")],
  ["a spec that expects nothing", "jest/expect-expect", "e2e/src/silent.spec.ts", spec("it", "JSON.parse('1')")],
];

/** The same words where they belong. */
const allowed: readonly (readonly [title: string, file: string, code: string])[] = [
  ["the environment in main.ts", "projector/src/main.ts", "export const port = process.env.PORT;"],
  ["SQL in its rooms", "query-api/src/queries/chat.ts", "export const text = `SELECT id FROM chats WHERE id = 1`;"],
  ["a time that is parsed in the domain", "command-api/src/domain/at.ts", 'export const at = new Date("2026-01-01");'],
  ["an error class", "shared/src/halted.ts", "export class Halted extends Error {}"],
  ["a clock elsewhere", "realtime/src/clock.ts", "export const now = Date.now();"],
];

describe("the lint rules", () => {
  let findings: readonly Finding[] = [];

  beforeAll(async () => {
    findings = await withPlantedFiles(plantedFiles(), { node_modules: join(root, "node_modules") }, lint);
  }, 60_000);

  it.each(planted)("find %s (%s)", (_title, rule, file) => {
    expect(rulesBrokenIn(file)).toContain(rule);
  });

  it.each(allowed)("allow %s", (_title, file) => {
    expect(rulesBrokenIn(file)).toEqual([]);
  });

  it("cannot be switched off by a comment", () => {
    expect(rulesBrokenIn("projector/src/excused.ts")).toContain("no-console");
  });

  function rulesBrokenIn(file: string): readonly (string | null)[] {
    return findings.filter((finding) => finding.file === file).map((finding) => finding.rule);
  }
});

interface Finding {
  readonly file: string;
  readonly rule: string | null;
}

async function lint(folder: string): Promise<readonly Finding[]> {
  const eslint = join(root, "node_modules", "eslint", "bin", "eslint.js");
  const toolArguments = ["--config", join(root, "eslint.config.js"), "--format", "json", "."];
  const report = (await jsonFromTool(eslint, toolArguments, folder)) as readonly {
    readonly filePath: string;
    readonly messages: readonly { readonly ruleId: string | null }[];
  }[];
  return report.flatMap(({ filePath, messages }) =>
    messages.map(({ ruleId }) => ({ file: filePath.slice(folder.length + 1), rule: ruleId })),
  );
}

function plantedFiles(): Record<string, string> {
  const strict = { extends: join(root, "tsconfig.base.json"), include: ["*/src/**/*.ts"] };
  return {
    "tsconfig.json": JSON.stringify(strict),
    "package.json": JSON.stringify({ name: "chat", type: "module" }),
    "projector/src/excused.ts": `/* ${"eslint" + "-disable"} */\nconsole.log("here");\n`,
    ...Object.fromEntries(planted.map(([, , file, code]) => [file, `${code}\n`])),
    ...Object.fromEntries(allowed.map(([, file, code]) => [file, `${code}\n`])),
  };
}

function spec(call: string, body: string): string {
  return `import { expect, it } from "@jest/globals";\n${call}("rule", () => {\n  ${body};\n  void expect;\n});`;
}
