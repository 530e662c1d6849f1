import { beforeAll, describe, expect, it } from "@jest/globals";
import { join } from "node:path";
import { jsonFromTool } from "./json-from-tool.ts";

/**
 * Shared is what at least two must agree on. What only one uses belongs to that one, where it can change without asking.
 * No rule of the cruiser can count who reaches a file, so it is counted here.
 */
const root = join(import.meta.dirname, "..", "..");
/** Who can be a user: each service, the embedded run beside the services that it joins, the client, and the specs of all. */
const users = ["command-api/", "projector/", "query-api/", "realtime/", "deploy/", "client/", "shared/src/testing/"];

/** Shared for another reason than two users. */
const belongTogether: Readonly<Record<string, string>> = {
  "shared/src/events/": "what an event means stands beside the event, whoever asks today",
  "shared/src/log/": "port, writer, reader and adapters keep one promise, and one contract and one simulation prove it",
  "shared/src/partitions/":
    "which partition, and whose it is: leases are for any service that shares partitions, whoever does so today",
};

interface Module {
  readonly source: string;
  readonly dependencies: readonly { readonly resolved: string }[];
}

describe("a file in shared", () => {
  let modules: readonly Module[] = [];

  beforeAll(async () => {
    const cruiser = join(root, "node_modules", "dependency-cruiser", "bin", "dependency-cruise.mjs");
    const toolArguments = ["--config", join(root, ".dependency-cruiser.cjs"), "--output-type", "json", "."];
    modules = ((await jsonFromTool(cruiser, toolArguments, root)) as { readonly modules: readonly Module[] }).modules;
  }, 60_000);

  it("serves at least two", () => {
    const reached = users.map((user) => ({ user, files: reachedFrom(user, modules) }));
    const lonely = modules
      .map(({ source }) => source)
      .filter((file) => file.startsWith("shared/src/") && !isForSpecs(file))
      .filter((file) => !Object.keys(belongTogether).some((folder) => file.startsWith(folder)))
      .map((file) => ({ file, users: reached.filter(({ files }) => files.has(file)).map(({ user }) => user) }))
      .filter((entry) => entry.users.length < 2);
    expect(lonely).toEqual([]);
  });
});

/** What a user's own files lead to, by way of shared but not by way of another user. */
function reachedFrom(user: string, modules: readonly Module[]): ReadonlySet<string> {
  const bySource = new Map(modules.map((module) => [module.source, module]));
  const reached = new Set<string>();
  const waiting = modules
    .map(({ source }) => source)
    .filter((file) => file.startsWith(user) && (user === "shared/src/testing/" || !isForSpecs(file)));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    const next = bySource.get(file)?.dependencies ?? [];
    waiting.push(
      ...next.map(({ resolved }) => resolved).filter((to) => to.startsWith(user) || to.startsWith("shared/")),
    );
  }
  return reached;
}

function isForSpecs(file: string): boolean {
  return /\.(spec|contract)\.ts$/.test(file) || file.startsWith("shared/src/testing/");
}
