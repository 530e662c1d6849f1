import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** From PyPI, in a folder of its own. */
const VERSION = "4.32.5";
const INSTALLED_WITHIN_MS = 240_000;

/**
 * The program that makes calls from an OpenAPI document, installed below `folder` when it is not there yet. Undefined where
 * there is no Python, which in continuous integration (`CI=true`) is an error.
 */
export function schemathesisPath(folder: string): string | undefined {
  const place = join(folder, `schemathesis-${VERSION}`);
  const program = join(place, "bin", "schemathesis");
  if (existsSync(program)) return program;
  const made = spawnSync("python3", ["-m", "venv", place], { stdio: "ignore" });
  if (made.status !== 0) {
    if (process.env["CI"] === "true") throw new Error("CI is true and there is no python3 with venv");
    process.stderr.write("\n!! SKIPPED: there is no python3 with venv, so nobody made calls from the document\n\n");
    return undefined;
  }
  const installing = ["install", "--quiet", `schemathesis==${VERSION}`];
  const { status, stderr } = spawnSync(join(place, "bin", "pip"), installing, { timeout: INSTALLED_WITHIN_MS });
  if (status !== 0) throw new Error(`schemathesis could not be installed: ${stderr.toString()}`);
  return program;
}
