import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { Busboy, type BusboyHeaders, type BusboyInstance } from "@fastify/busboy";
import { BODY_WANTED, LONG_BODY } from "@chat/shared/http/server";
import { Rejection } from "@chat/shared/rejection";

/** The fields in which files may come. */
export const FILE_FIELDS: readonly string[] = ["file", "files"];

/** Beside the files: boundaries, headers, and fields that nobody reads. */
const MAX_OTHER_BYTES = 64 * 1024;
const MAX_OTHER_FIELDS = 20;
const MAX_HEADER_BYTES = 8 * 1024;
const MAX_HEADER_PAIRS = 32;
/** Whoever sends nothing for so long has gone, whatever his socket says. */
const SILENT_MS = 30_000;

/** For specs; else half a minute. */
export interface Patience {
  readonly silentMs?: number;
}

export interface IncomingFile {
  /** As the sender calls it. */
  readonly name: string | undefined;
  readonly bytes: Readable;
}

export interface MultipartOptions extends Patience {
  readonly maxFiles: number;
  readonly maxFileBytes: number;
}

/**
 * Reads a `multipart/form-data` body as it comes: `take` gets one file after the other, and nothing of them is kept here. When
 * anything fails its signal is aborted, what it was doing is waited for, and the rest of the body is dropped, so that an answer
 * can still be sent. Fields that are no files are passed over.
 *
 * Rejects with a Rejection, or with whatever `take` rejects with.
 */
export async function readMultipart(
  request: IncomingMessage,
  options: MultipartOptions,
  take: (file: IncomingFile, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const maxBytes = options.maxFiles * options.maxFileBytes + MAX_OTHER_BYTES;
  const parser = parserOf(request, options);
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw formTooLarge();
  request.emit(LONG_BODY);
  request.emit(BODY_WANTED);
  const ending = new AbortController();
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  const open = new Set<Readable>();
  let files = 0;
  let work = Promise.resolve();

  function fail(error: unknown): void {
    if (ending.signal.aborted) return;
    ending.abort(error);
    failure.reject(error);
  }

  parser.on("file", (field, bytes, name) => {
    // A part that ends too early says so here; the parser itself does as well, but later.
    bytes.on("error", () => fail(cutOff()));
    if (!FILE_FIELDS.includes(field)) {
      bytes.resume();
      return;
    }
    files += 1;
    open.add(bytes);
    bytes.once("close", () => open.delete(bytes));
    work = work.then(() => take({ name: asTheSenderHasIt(name), bytes }, ending.signal));
    work.catch(fail);
  });
  parser.once("filesLimit", () => fail(wrongFiles(`at most ${String(options.maxFiles)} files at once`)));
  for (const limit of ["partsLimit", "fieldsLimit"] as const) {
    parser.once(limit, () => fail(new Rejection("malformed_request", "The form has too many fields.")));
  }
  parser.on("error", () => fail(cutOff()));
  const parsed = once(parser, "finish");
  parsed.catch(() => undefined);

  const { silentMs = SILENT_MS } = options;
  const feeding = feed(request, parser, { maxBytes, silentMs, ending: ending.signal, fail });
  feeding.catch(() => undefined);
  try {
    await Promise.race([feeding, failure.promise]);
    await Promise.race([parsed, failure.promise]);
    await Promise.race([work, failure.promise]);
    if (files === 0) throw wrongFiles("a file in the field `file`, or several in `files`");
  } catch (error) {
    fail(error);
    for (const bytes of open) bytes.destroy();
    await work.catch(() => undefined);
    // Its listener goes with the next piece, and as long as it is there nothing flows.
    void feeding.catch(() => undefined).then(() => request.resume());
    throw error;
  }
}

/** What the encoding of forms (WHATWG HTML, "multipart/form-data") writes for what would end a name, and it alone. */
const ENCODED: Readonly<Record<string, string>> = { "%22": '"', "%0D": "\r", "%0A": "\n" };

const asTheSenderHasIt = (name: string | undefined): string | undefined =>
  name?.replaceAll(/%(?:22|0D|0A)/g, (encoded) => ENCODED[encoded] ?? encoded);

function parserOf(request: IncomingMessage, { maxFiles }: MultipartOptions): BusboyInstance {
  const { headers } = request;
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    throw new Rejection("unsupported_media_type", "The body must not be compressed.");
  }
  if (!/^multipart\/form-data *(;|$)/i.test(headers["content-type"] ?? "")) {
    throw new Rejection("unsupported_media_type", "The body must be multipart/form-data.");
  }
  try {
    return new Busboy({
      headers: headers as BusboyHeaders,
      limits: {
        files: maxFiles,
        fields: MAX_OTHER_FIELDS,
        parts: maxFiles + MAX_OTHER_FIELDS,
        fieldSize: MAX_HEADER_BYTES,
        headerPairs: MAX_HEADER_PAIRS,
        headerSize: MAX_HEADER_BYTES,
      },
    });
  } catch {
    throw new Rejection("malformed_request", "The Content-Type of a form must name its boundary.");
  }
}

interface Feeding {
  readonly maxBytes: number;
  readonly silentMs: number;
  readonly ending: AbortSignal;
  readonly fail: (error: Rejection) => void;
}

/** The body, as fast as the parser takes it and as long as somebody sends it. */
async function feed(
  request: IncomingMessage,
  parser: BusboyInstance,
  { maxBytes, silentMs, ending, fail }: Feeding,
): Promise<void> {
  const waitForMore = (): NodeJS.Timeout => setTimeout(() => fail(silence()), silentMs);
  let timer = waitForMore();
  ending.addEventListener("abort", () => clearTimeout(timer), { once: true });
  let bytes = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (ending.aborted) return;
      bytes += chunk.length;
      if (bytes > maxBytes) throw formTooLarge();
      // While the store is slow nobody waits for the sender. A timer that was cleared does not come back by `refresh`.
      clearTimeout(timer);
      if (!parser.write(chunk)) await once(parser, "drain", { signal: ending });
      if (ending.aborted) return;
      timer = waitForMore();
    }
    parser.end();
  } catch (error) {
    throw error instanceof Rejection || ending.aborted ? error : cutOff();
  } finally {
    clearTimeout(timer);
  }
}

const silence = (): Rejection => new Rejection("request_timeout", "Nothing more of the body has come.");
const cutOff = (): Rejection => new Rejection("malformed_request", "The form ended before its last boundary.");

const formTooLarge = (): Rejection =>
  new Rejection("payload_too_large", "The form is larger than all the files that it may hold.");

export function tooLarge(maxBytes: number): Rejection {
  return new Rejection("payload_too_large", `A file may have at most ${String(maxBytes)} bytes.`);
}

export function wrongFiles(what: string): Rejection {
  return new Rejection("validation_failed", `The form must have ${what}.`, {
    errors: [{ in: "body", pointer: "/file", detail: `must be ${what}` }],
  });
}
