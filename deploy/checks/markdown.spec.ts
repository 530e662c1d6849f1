import { describe, expect, it } from "@jest/globals";
import { linksIn, pathsIn, scriptsIn, unlinkedSpecsIn } from "./markdown.ts";

const roots = ["shared", "docs"];

describe("a page of documentation", () => {
  it("names paths in backticks, and only there", () => {
    expect(pathsIn("See `shared/src/log/` and `package.json`, not shared/src/x.ts.", roots)).toEqual([
      "shared/src/log/",
      "package.json",
    ]);
  });

  it("names several paths with braces", () => {
    expect(pathsIn("`shared/{a,b/c}.ts` `docs/{d,e}`", roots)).toEqual([
      "shared/a.ts",
      "shared/b/c.ts",
      "docs/d",
      "docs/e",
    ]);
  });

  it("names no path by a route, a package, a setting, a pattern or a block of code", () => {
    const text =
      "`/chats/{id}` `@chat/shared/http/x` `PORT=1` `**/*.spec.ts` `GET /me` `evolve`\n```text\n`docs/x.md`\n```\n";
    expect(pathsIn(text, roots)).toEqual([]);
  });

  it("names scripts", () => {
    expect(scriptsIn("`npm ci && npm start`, then npm run test:unit -- x and npm test")).toEqual([
      "start",
      "test:unit",
      "test",
    ]);
  });

  it("links to its neighbours and to the web, of which only the first are ours to check", () => {
    expect(linksIn("[a](docs/a.md#b) [c](https://example.com/x) [d](#here)")).toEqual(["docs/a.md"]);
  });

  it("links a spec by its own name, or does not link it", () => {
    const linked = "[`e2e/a.spec.ts`](../e2e/a.spec.ts) `e2e/a.ts` `npm run x`";
    expect(unlinkedSpecsIn(linked)).toEqual([]);
    expect(unlinkedSpecsIn(`${linked} \`e2e/b.spec.ts\``)).toEqual(["e2e/b.spec.ts"]);
    expect(unlinkedSpecsIn("[`e2e/c.contract.ts`](../e2e/a.spec.ts)")).toEqual(["e2e/c.contract.ts"]);
  });
});
