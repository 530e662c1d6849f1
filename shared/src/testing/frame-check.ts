import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { isUserId } from "../ids.ts";
import { checkFrameToClient } from "./check-frame.ts";

interface Message {
  readonly name: string;
  readonly contentType?: string;
}

interface AsyncApi {
  readonly channels: Readonly<
    Record<string, { readonly address: string; readonly messages: Readonly<Record<string, Message>> }>
  >;
}

type FrameCheck = (text: string) => void;

/** By address; compiled once for all sockets of a spec. */
const dialects = new Map<string, FrameCheck>();

const FILE = "docs/asyncapi.yaml";
/** What `quiet=1` leaves out. */
export const STREAM_FRAMES: ReadonlySet<unknown> = new Set(["ready", "cursor", "resync", "version"]);

/**
 * A function that throws when a frame is not as the document says of the socket at this URL, in whichever dialect it is: for
 * every socket that a spec opens.
 */
export function createFrameCheck(url: string): FrameCheck {
  const { pathname, searchParams } = new URL(url);
  const path = pathname.replace(/\/$/, "");
  if (path !== "/ws" && path !== "/ws/notif") return dialectCheckAt(addressOf(path));
  const isQuiet = path === "/ws/notif" && searchParams.get("quiet") === "1";
  return (text) => {
    const frame = JSON.parse(text) as { readonly type?: unknown };
    checkFrameToClient(frame);
    if (isQuiet && STREAM_FRAMES.has(frame.type)) throw new Error(`a quiet socket was told ${text}`);
  };
}

/** The address of the channel, as the document writes it. */
function addressOf(path: string): string {
  const [, place, ...ids] = path.split("/");
  if (place === "chat") return "/chat/{chat_id}";
  if (ids.length === 2) return "/ws/{user_id}/{chat_id}";
  return isUserId(ids[0] ?? "") ? "/ws/{user_id}" : "/ws/{chat_id}";
}

function dialectCheckAt(address: string): FrameCheck {
  const check = dialects.get(address) ?? createDialectCheck(address);
  dialects.set(address, check);
  return check;
}

function createDialectCheck(address: string): FrameCheck {
  const document = parse(readFileSync(join(import.meta.dirname, "../../..", FILE), "utf8")) as AsyncApi;
  // The document's own words are no keywords of JSON Schema.
  const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(document, "async-api");
  const found = Object.entries(document.channels).find(([, channel]) => channel.address === address);
  if (found === undefined) throw new Error(`${FILE} has no socket at ${address}`);
  const [channel, { messages }] = found;
  const payloadOf = (key: string): ValidateFunction =>
    ajv.compile({ $ref: `async-api#/channels/${channel}/messages/${key}/payload` });
  const checks = Object.entries(messages)
    .filter(([key]) => key.startsWith("told_"))
    .map(([key, { name, contentType }]) => ({ name, contentType, isValid: payloadOf(key) }));
  const plain = checks.filter(({ contentType }) => contentType === "text/plain");

  return (text) => {
    if (plain.some(({ isValid }) => isValid(text))) return;
    if (plain.length === checks.length) throw new Error(`${address}: ${FILE} does not know the sentence ${text}`);
    const frame = JSON.parse(text) as { readonly type?: unknown };
    const check = checks.find(({ name }) => name === frame.type);
    if (check === undefined) throw new Error(`${address}: ${FILE} does not know the frame ${text}`);
    if (!check.isValid(frame))
      throw new Error(`${address}: not as ${FILE} says: ${ajv.errorsText(check.isValid.errors)}: ${text}`);
  };
}
