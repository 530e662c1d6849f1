import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const { workspaces } = JSON.parse(read("package.json")) as { workspaces: readonly string[] };

describe("the image of the services", () => {
  it("installs from the lock file with every workspace that it names", () => {
    const manifests = [...read("deploy/Dockerfile").matchAll(/^COPY (\S+)\/package\.json \1\/$/gm)].map(
      ([, name]) => name,
    );
    expect(manifests.sort()).toEqual([...workspaces].sort());
  });

  it("is sent every folder that it copies", () => {
    const copied = [...read("deploy/Dockerfile").matchAll(/^COPY (\w[\w-]*)\/ /gm)].map(([, name]) => name);
    const sent = new Set(read(".dockerignore").match(/(?<=^!)[\w-]+$/gm));
    expect(copied.filter((name) => name === undefined || !sent.has(name))).toEqual([]);
    expect(copied.length).toBeGreaterThan(0);
  });
});
