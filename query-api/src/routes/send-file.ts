import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import contentDisposition from "content-disposition";
import parseRange from "range-parser";
import { type ByteRange, type FileSource, isFileKey } from "@chat/shared/files/file-store";
import type { Reply } from "@chat/shared/http/define-route";
import { problemHeaders, problemOf } from "@chat/shared/http/problem";
import { kindOfRejection, Rejection } from "@chat/shared/rejection";

export interface SentFile {
  readonly key: string;
  /** Null: as the store has it, so there are no ranges. */
  readonly size: number | null;
  readonly type: string;
  /** Null: it has no name of its own and is shown where it stands. */
  readonly name: string | null;
}

interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly incoming: Pick<IncomingMessage, "method">;
  readonly requestId: string;
  /** Shown in the browser instead of saved, if that is safe. */
  readonly inline: boolean;
}

/** What a browser shows without running anything that stands in it. SVG and HTML are programs. */
const SHOWN: ReadonlySet<string> = new Set([
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "image/avif",
  "image/bmp",
  "application/pdf",
]);

/**
 * A stored file as an answer: 200, 206 for a range, 304 for whom has it, 416. Whoever asks was found to be allowed to. A file's bytes
 * never change under its key, so the key is what its ETag is.
 */
export async function sendFile(files: FileSource, file: SentFile, asked: Asked): Promise<Reply> {
  const etag = `"${file.key}"`;
  const headers = headersOf(file, etag, asked.inline);
  if (isKnown(asked.headers["if-none-match"], etag)) return { status: 304, headers };
  // RFC 9110 14.2: a range is asked for by GET alone; of anything else it is passed over.
  const range = asked.incoming.method === "GET" ? rangeOf(asked.headers, etag, file.size) : undefined;
  if (range === "not satisfiable") return beyondItsEnd(asked.requestId, file.size ?? 0);
  if (!isFileKey(file.key)) throw new Error("a file is kept under a key that is none of ours");
  const opened = await files.open(file.key, range);
  // Its message may have been deleted between two looks.
  if (opened === undefined) throw new Rejection("not_found", "There is nothing here, or it is not yours to see.");
  const { stream, bytes } = opened;
  const length = { "Content-Length": String(bytes) };
  if (range === undefined) return { status: 200, headers: { ...headers, ...length }, body: stream };
  const part = `bytes ${String(range.start)}-${String(range.end)}/${String(file.size)}`;
  return { status: 206, headers: { ...headers, ...length, "Content-Range": part }, body: stream };
}

function headersOf({ type, size, name }: SentFile, etag: string, inline: boolean): Readonly<Record<string, string>> {
  const shown = inline && SHOWN.has(type);
  return {
    ETag: etag,
    // Membership ends: whoever holds it asks each time whether it is still his, and is told so without the bytes.
    "Cache-Control": "private, no-cache",
    "Content-Type": type.startsWith("text/") ? `${type}; charset=utf-8` : type,
    // Chrome shows no PDF in a sandbox; what stands in one runs in its reader and nowhere else.
    "Content-Security-Policy":
      shown && type === "application/pdf"
        ? "default-src 'none'; frame-ancestors 'self'"
        : "default-src 'none'; sandbox",
    ...(size === null ? {} : { "Accept-Ranges": "bytes" }),
    ...(name === null
      ? {}
      : { "Content-Disposition": contentDisposition(name, { type: shown ? "inline" : "attachment" }) }),
  };
}

/** RFC 9110, 13.1.2: a list, or anything at all. */
function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === "*" || header.split(",").some((one) => one.trim().replace(/^W\//, "") === etag);
}

/** One range, as every player and every download that goes on asks for it; of several, or of what is no range, the whole is sent. */
function rangeOf(
  { range, "if-range": ifRange }: IncomingHttpHeaders,
  etag: string,
  size: number | null,
): (ByteRange & { readonly end: number }) | "not satisfiable" | undefined {
  if (range === undefined || size === null || (ifRange !== undefined && ifRange !== etag)) return undefined;
  if (endsBeforeItBegins(range)) return undefined;
  const ranges = parseRange(size, wholeIfLonger(range, size), { combine: true });
  if (ranges === -1) return "not satisfiable";
  return ranges === -2 || ranges.type !== "bytes" || ranges.length > 1 ? undefined : ranges[0];
}

/** RFC 9110, 14.1.1: such a range is none; the library takes it for one beyond the file's end. */
function endsBeforeItBegins(range: string): boolean {
  const [, first, last] = /^\s*bytes=\s*(\d+)-(\d+)\s*$/i.exec(range) ?? [];
  return Number(last) < Number(first);
}

/** RFC 9110, 14.1.2: of a file that is shorter than the end that is asked for, all is meant; the library finds nothing there. */
function wholeIfLonger(range: string, size: number): string {
  const suffix = /^\s*bytes=\s*-(\d+)\s*$/i.exec(range)?.[1];
  return suffix !== undefined && size > 0 && Number(suffix) > size ? `bytes=-${String(size)}` : range;
}

function beyondItsEnd(requestId: string, size: number): Reply {
  const rejection = new Rejection("range_not_satisfiable", `The file has ${String(size)} bytes.`);
  return {
    status: kindOfRejection(rejection.code).status,
    body: JSON.stringify(problemOf(rejection, requestId)),
    headers: { ...problemHeaders(rejection), "Content-Range": `bytes */${String(size)}` },
  };
}
