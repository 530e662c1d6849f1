import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { StaticFile } from "./static-files.ts";

/** Where `npm install` builds the page. */
const built = new URL("../../../web/dist/", import.meta.url);

/** Its own scripts, styles, pictures, calls and sockets, and nothing of anybody else. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The page at `/`. Nothing, where it was not built. */
export function webPage(): readonly StaticFile[] {
  const assets = filesIn(new URL("assets/", built)).map((name): StaticFile => ({
    path: `/assets/${name}`,
    type: extname(name),
    // Their names change with what is in them.
    immutable: true,
    read: () => readFile(new URL(`assets/${name}`, built)),
  }));
  if (assets.length === 0) return [];
  const page = { path: "/", type: "html", policy: POLICY, read: () => readFile(new URL("index.html", built)) };
  return [page, ...assets];
}

function filesIn(folder: URL): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
