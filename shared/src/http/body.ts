import type { IncomingMessage } from "node:http";
import { Rejection } from "../rejection.ts";
import { decodeUtf8, parseJson, refuseUnstorableText } from "./parse-json.ts";
import { BODY_WANTED } from "./server.ts";
import { parseUrlEncoded } from "./url-encoded.ts";

/** Four times the longest message text, so that one in which every character is escaped still fits. */
export const MAX_BODY_BYTES = 64 * 1024;

export type BodyFormat = "json" | "form";

/**
 * Reads a request's body as one of `formats`. An empty body is undefined, whatever its content type says.
 * The bytes are read here and not by koa-body: that would turn bad UTF-8 into U+FFFD, take JSON sent as text/html for
 * a string and let any depth pass.
 */
export async function readBody(request: IncomingMessage, formats: readonly BodyFormat[]): Promise<unknown> {
  if (!hasBody(request)) return undefined;
  const format = formatOf(request, formats);
  if (format instanceof Rejection && isAnnounced(request)) throw format;
  const bytes = await readBytes(request, MAX_BODY_BYTES);
  if (bytes.length === 0) return undefined;
  if (format instanceof Rejection) throw format;
  if (format === "json") return parseJson(bytes);
  const fields = parseUrlEncoded(decodeUtf8(bytes));
  refuseUnstorableText(fields);
  return fields;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

/** Who waits to be asked for a body has one. When its type is wrong he is told so at once, and not asked for it. */
const isAnnounced = ({ headers }: IncomingMessage): boolean => /\b100-continue\b/i.test(headers.expect ?? "");

/** The rejection is returned, not thrown: a body that turns out to be empty needs no type. */
function formatOf({ headers }: IncomingMessage, formats: readonly BodyFormat[]): BodyFormat | Rejection {
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    return new Rejection("unsupported_media_type", "The body must not be compressed.");
  }
  const [type = "", ...parameters] = (headers["content-type"] ?? "").toLowerCase().split(";");
  const format = formatNamed(type.trim());
  if (format === undefined || !formats.includes(format)) {
    return new Rejection("unsupported_media_type", `The body must be ${formats.map(typeOf).join(" or ")}.`);
  }
  const charset = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith("charset="));
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) {
    return new Rejection("unsupported_media_type", "The body must be in UTF-8.");
  }
  return format;
}

const formTypes = ["application/x-www-form-urlencoded"];

function formatNamed(type: string): BodyFormat | undefined {
  if (type === "application/json" || (type.startsWith("application/") && type.endsWith("+json"))) return "json";
  return formTypes.includes(type) ? "form" : undefined;
}

function typeOf(format: BodyFormat): string {
  return format === "json" ? "application/json" : "application/x-www-form-urlencoded";
}

/**
 * All bytes of the body, at most `limit`. What comes after an overflow is read and dropped by Node, within its request
 * timeout: closing the connection at once would often destroy the 413 on its way to a client that is still sending.
 */
export function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const tooLarge = (): void => {
      request.off("data", take).resume();
      reject(new Rejection("payload_too_large", `The body must be at most ${limit} bytes.`));
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) tooLarge();
      else chunks.push(chunk);
    };
    const cut = (): void => reject(new Rejection("malformed_request", "The request ended before its body did."));
    if (Number(request.headers["content-length"] ?? 0) > limit) {
      tooLarge();
      return;
    }
    request.emit(BODY_WANTED);
    request.on("data", take);
    request.once("end", () => {
      // Every request closes once it is answered: making an error of that, with its stack, would cost more than the body.
      request.off("close", cut);
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    request.once("error", cut);
    request.once("close", cut);
  });
}
