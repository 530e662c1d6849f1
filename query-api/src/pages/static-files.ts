import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Context, Middleware } from "koa";

const compress = promisify(gzip);

export interface StaticFile {
  /** Where it is, with the leading slash. */
  readonly path: string;
  /** As Koa's `type` takes it: "html", "js", "css", "png"… */
  readonly type: string;
  /** Its bytes: asked for once, when somebody wants the file, so that a service starts without it. */
  read(): Promise<Buffer | string> | Buffer | string;
  /** Content-Security-Policy of a page; without it a file is no document and gets the policy of all answers, which allows nothing. */
  readonly policy?: string;
  /** True for a file whose name changes with its content. A browser asks for any other again, and mostly gets 304. */
  readonly immutable?: boolean;
}

interface Kept {
  readonly plain: Buffer;
  readonly gzipped: Buffer;
  readonly etag: string;
}

const YEAR_SECONDS = 365 * 24 * 3_600;

/** Serves a list of files that is known beforehand: no path of a request ever reaches the disk. They stay in memory. */
export function createStaticFiles(files: readonly StaticFile[]): Middleware {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const kept = new Map<string, Kept>();

  /** Who types a slash behind a page's address means the page. */
  function pageAt(path: string): StaticFile | undefined {
    const file = path.endsWith("/") ? byPath.get(path.slice(0, -1)) : undefined;
    return file?.type === "html" ? file : undefined;
  }

  return async (context, next): Promise<void> => {
    const file = byPath.get(context.path) ?? pageAt(context.path);
    if (file !== undefined && context.method === "OPTIONS") {
      context.set("Allow", "GET, HEAD, OPTIONS");
      context.status = 204;
      return;
    }
    if (file === undefined || (context.method !== "GET" && context.method !== "HEAD")) {
      await next();
      return;
    }
    const content = kept.get(file.path) ?? (await keep(file));
    kept.set(file.path, content);
    send(context, file, content);
  };
}

async function keep(file: StaticFile): Promise<Kept> {
  const plain = Buffer.from(await file.read());
  const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
  return { plain, gzipped: await compress(plain), etag };
}

function send(context: Context, { type, policy, immutable = false }: StaticFile, { plain, gzipped, etag }: Kept): void {
  const small = gzipped.length < plain.length && context.acceptsEncodings("gzip", "identity") === "gzip";
  context.status = 200;
  context.type = type;
  context.set("Cache-Control", immutable ? `public, max-age=${String(YEAR_SECONDS)}, immutable` : "no-cache");
  context.vary("Accept-Encoding");
  // The tag of the gzipped bytes is weak: they stand for the same file.
  context.set("ETag", small ? `W/${etag}` : etag);
  if (policy !== undefined) context.set("Content-Security-Policy", policy);
  if (small) context.set("Content-Encoding", "gzip");
  if (context.fresh) {
    context.status = 304;
    return;
  }
  context.body = small ? gzipped : plain;
}
