import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";

const read = (file: string): string => readFileSync(join(import.meta.dirname, "..", "..", file), "utf8");

describe("the operator's handbook", () => {
  it("names every setting", () => {
    const settings = [...read(".env.example").matchAll(/^([A-Z][A-Z_]+)=/gm)].map(([, name]) => name ?? "");
    const handbook = read("docs/operations.md");
    expect(settings.length).toBeGreaterThan(20);
    expect(settings.filter((name) => !handbook.includes(`\`${name}\``))).toEqual([]);
  });
});
