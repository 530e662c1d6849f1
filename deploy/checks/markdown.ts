/** What a page of documentation claims about the repository. */

const codeSpan = /(?<!`)`([^`\n]+)`(?!`)/g;
const fence = /^```.*?^```/gms;
const pathShape = /^(\.{0,2}[\w@-]|\.)[\w@.{},/-]*$/;
const linkedSpan = /\[`([^`\n]+)`\]\((?:\.\.?\/)*\1\)/g;
const specPattern = /\.(spec|contract)\.ts$/;
const filePattern = /^[\w@.-]*\.(ts|js|cjs|mjs|json|md|sql|ya?ml|conf|sh)$/;

/**
 * The paths that stand in backticks, braces opened: `a/{b,c}.ts` names two. A path has a slash and begins with one of
 * `roots`, or looks like a file at the root.
 */
export function pathsIn(markdown: string, roots: readonly string[]): readonly string[] {
  return codeSpansIn(markdown)
    .filter((span) => pathShape.test(span))
    .flatMap(openBraces)
    .filter((path) => (path.includes("/") ? roots.includes(path.split("/")[0] ?? "") : filePattern.test(path)));
}

/** The npm scripts that a reader is told to run, in text and in fenced blocks. */
export function scriptsIn(markdown: string): readonly string[] {
  return [...markdown.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)].map((match) => match[1] ?? match[2] ?? "");
}

/** The targets of links inside the repository, without their anchors. */
export function linksIn(markdown: string): readonly string[] {
  return [...markdown.replace(fence, "").matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => (match[1] ?? "").replace(/#.*$/, ""))
    .filter((target) => target !== "" && !/^[a-z]+:/.test(target));
}

/** The specs in backticks that are no link to the file of that name. */
export function unlinkedSpecsIn(markdown: string): readonly string[] {
  return codeSpansIn(markdown.replace(linkedSpan, "")).filter((span) => specPattern.test(span));
}

function codeSpansIn(markdown: string): readonly string[] {
  return [...markdown.replace(fence, "").matchAll(codeSpan)].map((match) => match[1] ?? "");
}

function openBraces(path: string): readonly string[] {
  const braces = /^(.*?)\{([^{}]*)\}(.*)$/.exec(path);
  if (braces === null) return [path];
  const [, before = "", choices = "", after = ""] = braces;
  return choices.split(",").flatMap((choice) => openBraces(before + choice + after));
}
