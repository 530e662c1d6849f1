import { beforeAll, describe, expect, it } from "@jest/globals";
import { createRequire } from "node:module";
import { join } from "node:path";
import { jsonFromTool } from "./json-from-tool.ts";
import { withPlantedFiles } from "./with-planted-files.ts";

const root = join(import.meta.dirname, "..", "..");
const configPath = join(root, ".dependency-cruiser.cjs");
const config = createRequire(import.meta.url)(configPath) as {
  readonly forbidden: readonly { readonly name: string; readonly comment?: string; readonly severity?: string }[];
};

/** One forbidden import each: rule, the file that breaks it, what it imports. */
const planted: readonly (readonly [rule: string, file: string, imports: string])[] = [
  ["services-are-strangers", "realtime/src/audience.ts", "@chat/projector/projections/members"],
  ["services-are-strangers", "query-api/src/queries/history.ts", "../../../command-api/src/routes/messages.ts"],
  ["only-the-embedded-run-joins-services", "deploy/kafka/topics.ts", "@chat/projector/service"],
  ["the-embedded-run-takes-factories", "deploy/embedded/short-cut.ts", "@chat/projector/projections/members"],
  ["shared-knows-no-service", "shared/src/http/respond.ts", "@chat/projector/service"],
  ["domain-is-pure", "command-api/src/domain/chat/decide.ts", "node:crypto"],
  ["domain-is-pure", "command-api/src/domain/chat/evolve.ts", "uuid"],
  ["domain-knows-events-and-rejections", "command-api/src/domain/chat/state.ts", "../../routes/messages.ts"],
  ["domain-knows-events-and-rejections", "command-api/src/domain/chat/rights.ts", "@chat/shared/postgres/connect"],
  ["kafka-at-its-door", "shared/src/log/produce.ts", "kafkajs"],
  ["s3-at-its-door", "shared/src/files/open-file-store.ts", "@aws-sdk/client-s3"],
  ["uploads-at-their-door", "command-api/src/routes/avatars.ts", "sharp"],
  ["uploads-at-their-door", "query-api/src/routes/send-file.ts", "file-type"],
  ["uploads-at-their-door", "shared/src/http/body.ts", "@fastify/busboy"],
  ["websocket-at-its-door", "realtime/src/protocols/native.ts", "ws"],
  ["koa-at-its-door", "command-api/src/partition-owner/own.ts", "koa"],
  ["sql-at-its-door", "realtime/src/tail.ts", "pg"],
  ["sql-at-its-door", "command-api/src/routes/chats.ts", "knex"],
  ["main-is-the-top", "projector/src/service.ts", "./config.ts"],
  ["main-is-nobodys-import", "projector/src/rebuild.ts", "./main.ts"],
  ["black-box-stays-black", "e2e/src/story.e2e.spec.ts", "@chat/projector/service"],
  ["black-box-stays-black", "bench/src/drive.ts", "../../deploy/embedded/short-cut.ts"],
  ["client-stands-alone", "client/src/state.ts", "@chat/shared/events/chat-events"],
  ["testing-is-for-specs", "query-api/src/read-barrier.ts", "@chat/shared/testing/with-postgres"],
  ["specs-are-nobodys-import", "projector/src/again.spec.ts", "./once.spec.ts"],
  ["no-cycles", "shared/src/egg.ts", "./hen.ts"],
  ["declare-what-you-import", "shared/src/telemetry/logger.ts", "undeclared"],
  ["declare-what-you-import", "realtime/src/connection.ts", "@chat/shared/http/respond"],
  ["every-import-leads-somewhere", "shared/src/lost.ts", "./nowhere.ts"],
];

/** What is imported here is allowed, so that a rule which forbids everything is found too. */
const allowed: readonly (readonly [file: string, imports: string])[] = [
  ["deploy/embedded/main.ts", "@chat/projector/service"],
  ["deploy/chat/main.ts", "@chat/projector/main"],
  ["deploy/embedded/start-postgres.ts", "pg"],
  ["command-api/src/domain/chat/commands.ts", "@chat/shared/events/chat-events"],
  ["command-api/src/domain/chat/decide.spec.ts", "node:crypto"],
  ["shared/src/log/kafka/kafka-log.ts", "kafkajs"],
  ["realtime/src/service.ts", "ws"],
  ["bench/src/floors.ts", "ws"],
  ["command-api/src/routes/members.ts", "koa"],
  ["command-api/src/files/media-type.ts", "file-type"],
  ["projector/src/projections/members.ts", "pg"],
  ["projector/src/main.ts", "./config.ts"],
  ["projector/src/once.spec.ts", "@chat/shared/testing/with-postgres"],
  ["shared/src/postgres/connect.ts", "pg"],
  ["shared/src/files/s3-file-store.ts", "@aws-sdk/client-s3"],
];

/** What the files above import, and the circle's other half. */
const targets: Readonly<Record<string, string>> = {
  "command-api/src/routes/messages.ts": "export const planted = 1;\n",
  "projector/src/config.ts": "export const planted = 1;\n",
  "shared/src/events/chat-events.ts": "export const planted = 1;\n",
  "shared/src/testing/with-postgres.ts": "export const planted = 1;\n",
  "shared/src/hen.ts": importing("./egg.ts"),
};

const packages = [
  ...["@aws-sdk/client-s3", "@fastify/busboy", "file-type", "kafkajs", "knex", "koa", "pg", "sharp", "uuid", "ws"],
  "undeclared",
];
const workspaces = ["command-api", "projector", "query-api", "realtime", "shared", "deploy", "client", "e2e", "bench"];

describe("the boundaries", () => {
  let violations: readonly Violation[] = [];

  beforeAll(async () => {
    violations = await withPlantedFiles(plantedFiles(), workspaceLinks(), cruise);
  }, 60_000);

  it.each(planted)("%s bites: %s may not import %s", (rule, file) => {
    expect(violations.filter((violation) => violation.file === file).map((violation) => violation.rule)).toContain(
      rule,
    );
  });

  it.each(allowed)("%s may import %s", (file) => {
    expect(violations.filter((violation) => violation.file === file)).toEqual([]);
  });

  it("have no rule that was never broken here, and none without its reason", () => {
    const broken = new Set(planted.map(([rule]) => rule));
    expect(config.forbidden.map((rule) => rule.name).filter((name) => !broken.has(name))).toEqual([]);
    expect(config.forbidden.filter((rule) => !rule.comment || rule.severity !== "error")).toEqual([]);
  });
});

interface Violation {
  readonly rule: string;
  readonly file: string;
}

async function cruise(folder: string): Promise<readonly Violation[]> {
  const cruiser = join(root, "node_modules", "dependency-cruiser", "bin", "dependency-cruise.mjs");
  const toolArguments = ["--config", configPath, "--output-type", "json", "."];
  const report = (await jsonFromTool(cruiser, toolArguments, folder)) as {
    readonly summary: { readonly violations: readonly { readonly from: string; readonly rule: { name: string } }[] };
  };
  return report.summary.violations.map(({ from, rule }) => ({ file: from, rule: rule.name }));
}

function plantedFiles(): Record<string, string> {
  const files: Record<string, string> = { ...targets };
  for (const [file, imports] of [...planted.map(([, ...plant]) => plant), ...allowed]) {
    files[file] = (files[file] ?? "") + importing(imports);
  }
  for (const name of packages) {
    files[`node_modules/${name}/package.json`] = JSON.stringify({ name, version: "1.0.0", main: "index.js" });
    files[`node_modules/${name}/index.js`] = "module.exports = 1;\n";
  }
  const declared = Object.fromEntries(packages.filter((name) => name !== "undeclared").map((name) => [name, "1.0.0"]));
  const siblings = Object.fromEntries(workspaces.map((name) => [`@chat/${name}`, "0.1.0"]));
  for (const workspace of workspaces) {
    files[`${workspace}/package.json`] = JSON.stringify({
      name: `@chat/${workspace}`,
      version: "0.1.0",
      type: "module",
      exports: { "./*": "./src/*.ts" },
      // One workspace forgets to declare the others that it uses.
      dependencies: workspace === "realtime" ? declared : { ...declared, ...siblings },
    });
  }
  files["package.json"] = JSON.stringify({ name: "chat", version: "0.1.0", type: "module", workspaces });
  return files;
}

function workspaceLinks(): Record<string, string> {
  return Object.fromEntries(workspaces.map((name) => [`node_modules/@chat/${name}`, `../../${name}`]));
}

function importing(specifier: string): string {
  return `import * as planted from ${JSON.stringify(specifier)};\nexport const used = planted;\n`;
}
