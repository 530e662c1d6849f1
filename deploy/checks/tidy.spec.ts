import { describe, expect, it } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { linksIn, pathsIn, scriptsIn, unlinkedSpecsIn } from "./markdown.ts";

/**
 * What no compiler sees: that the pages tell the truth about the tree, and that the tree keeps to the house.
 * Read are the files that git tracks or would track, so that a new file is checked before it is committed.
 */
const root = join(import.meta.dirname, "..", "..");
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root })
  .toString()
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)));
const texts = files.filter((path) => !/\.(png|jpe?g|gif|ico|svg|woff2?|pdf|zip)$/.test(path));
const sources = files.filter((path) => /\.[cm]?[jt]s$/.test(path));
const pages = files.filter((path) => path.endsWith(".md"));
/** Roots that a path may begin with; `data` and the like are made at run time and not ours to check. */
const rootEntries = [...new Set(files.map((path) => path.split("/")[0] ?? ""))];

const OWN_PATH = "deploy/checks/tidy.spec.ts";

/** One idea fits in fewer; a spec is a list of rules and may be longer. */
const maxLines = { source: 300, spec: 600 };

interface Package {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly workspaces?: readonly string[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const rootPackage = packageOf(".");

describe("the pages", () => {
  it("name only files that are there", () => {
    const named = pages.flatMap((page) => pathsIn(read(page), rootEntries).map((path) => ({ page, path })));
    expect(named.filter(({ path }) => !isThere(path) && !isNameOfSome(path))).toEqual([]);
    expect(named.length).toBeGreaterThan(0);
  });

  it("link only to pages that are there", () => {
    const links = pages.flatMap((page) => linksIn(read(page)).map((target) => ({ page, target })));
    expect(links.filter(({ page, target }) => !isThere(join(dirname(page), target)))).toEqual([]);
  });

  it("lead from each guarantee to what shows it", () => {
    const guarantees = read("docs/guarantees.md");
    expect(unlinkedSpecsIn(guarantees)).toEqual([]);
    expect(linksIn(guarantees).length).toBeGreaterThan(50);
  });

  it("tell nobody to run a script that is not there", () => {
    const scripts = pages.flatMap((page) => scriptsIn(read(page)).map((script) => ({ page, script })));
    expect(scripts.filter(({ script }) => rootPackage.scripts?.[script] === undefined)).toEqual([]);
  });

  it("number the decisions without a gap", () => {
    const numbers = files.flatMap((path) => /^docs\/decisions\/(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1] ?? []);
    expect(numbers.map(Number)).toEqual(numbers.map((_, index) => index + 1));
  });

  it("have the version on top of the change log", () => {
    const newest = /^## (?:\[?)(\d+\.\d+\.\d+)/m.exec(read("CHANGELOG.md"))?.[1];
    expect(newest).toBe(rootPackage.version);
  });
});

describe("the sources", () => {
  it("are files of one idea", () => {
    const tooLong = sources
      .map((path) => ({ path, lines: read(path).split("\n").length }))
      .filter(({ path, lines }) => lines > (/\.(spec|contract)\.ts$/.test(path) ? maxLines.spec : maxLines.source));
    expect(tooLong).toEqual([]);
  });

  it("leave nothing for later and silence no checker", () => {
    // Written in two halves, for this file is a source too.
    const words = [
      "TO" + "DO",
      "FIX" + "ME",
      "X" + "XX",
      "@ts-" + "ignore",
      "@ts-" + "expect-error",
      "@ts-" + "nocheck",
    ];
    words.push("eslint-" + "disable", "prettier-" + "ignore", "istanbul " + "ignore");
    expect(linesWith(sources, new RegExp(`(^|\\W)(${words.join("|")})(\\W|$)`))).toEqual([]);
  });

  it("have names that say what they hold", () => {
    const vague = /(^|\/)(utils?|helpers?|common|misc|lib|types|index|constants)(\/|\.[cm]?[jt]s$)/;
    expect(sources.filter((path) => vague.test(path))).toEqual([]);
  });

  it("check each frame of each socket that a spec opens against the description of it", () => {
    const ofSpecs = sources.filter((path) => /^e2e\/|\/testing\/|\.spec\.ts$/.test(path) && path !== OWN_PATH);
    const opening = ofSpecs.filter((path) => /new WebSocket\(/.test(read(path)));
    expect(opening.length).toBeGreaterThan(0);
    expect(opening.filter((path) => !/checkFrameToClient|createFrameCheck|describedFrame/.test(read(path)))).toEqual(
      [],
    );
  });

  it("are named in kebab-case", () => {
    const ours = sources.filter((path) => path.includes("/"));
    expect(ours.filter((path) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(basename(path)))).toEqual([]);
  });
});

describe("every file", () => {
  it("names no folder of somebody's machine", () => {
    // A recipe for an image names folders inside the image.
    const ours = texts.filter((path) => !path.startsWith("deploy/offline-images/"));
    expect(linesWith(ours, /(^|[\s"'`(=:])\/(home|Users|root|work|mnt)\/[\w.-]/)).toEqual([]);
  });

  it("names no host of a package registry", () => {
    expect(linesWith(texts, /https?:\/\/[\w.-]*(registry|artifactory|nexus|npmmirror)[\w.-]*/)).toEqual([]);
    expect(linesWith(["package-lock.json"], /"resolved": "https?:/)).toEqual([]);
  });

  it("ends with a line end, and no line with a blank or a carriage return", () => {
    const ours = texts.filter((path) => path !== "package-lock.json" && !path.endsWith(".md"));
    expect(linesWith(ours, /[ \t\r]$/)).toEqual([]);
    expect(texts.filter((path) => read(path) !== "" && !read(path).endsWith("\n"))).toEqual([]);
  });
});

describe("the workspaces", () => {
  const workspaces = rootPackage.workspaces ?? [];

  it.each(workspaces)("%s is private, MIT, a module, and of the same version as all", (workspace) => {
    expect(packageOf(workspace)).toMatchObject({
      name: `@chat/${workspace}`,
      version: rootPackage.version,
      license: "MIT",
      private: true,
      type: "module",
    });
  });

  it("have one Node, pinned in one place", () => {
    const lock = JSON.parse(read("package-lock.json")) as { packages: Readonly<Record<string, Package>> };
    expect(read(".nvmrc").trim()).toBe(lock.packages["node_modules/node"]?.version);
    expect(rootPackage.devDependencies).toHaveProperty("node");
  });
});

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function packageOf(folder: string): Package {
  return JSON.parse(read(join(folder, "package.json"))) as Package;
}

function isThere(path: string): boolean {
  return existsSync(join(root, path));
}

/** Text may speak of "a `main.ts`" or of all `.spec.ts`: then there must be one. */
function isNameOfSome(path: string): boolean {
  return (
    !path.includes("/") && files.some((file) => (path.startsWith(".") ? file.endsWith(path) : basename(file) === path))
  );
}

function linesWith(paths: readonly string[], pattern: RegExp): readonly string[] {
  return paths.flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${String(index + 1)}: ${line.slice(0, 160)}`] : [])),
  );
}
