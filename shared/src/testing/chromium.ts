import { existsSync } from "node:fs";

/** Where Debian and others put it. */
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Chromium, or what `CHROMIUM` names. Undefined where there is none, which in continuous integration (`CI=true`) is an error. */
export function chromiumPath(): string | undefined {
  const path = [process.env["CHROMIUM"], ...PLACES].find((place) => place !== undefined && existsSync(place));
  if (path !== undefined) return path;
  if (process.env["CI"] === "true") throw new Error("CI is true and there is no Chromium: set CHROMIUM to its path");
  process.stderr.write("\n!! SKIPPED: there is no Chromium (set CHROMIUM), so nobody looked at the page\n\n");
  return undefined;
}
