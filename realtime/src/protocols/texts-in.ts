import { ClientMessageId, MessageText } from "@chat/shared/api/frames-from-clients";
import { nullable } from "@chat/shared/http/fields";
import { decodeUtf8, parseAnyJson, refuseUnstorableText } from "@chat/shared/http/parse-json";
import { compileBody } from "@chat/shared/http/validate";
import { Rejection } from "@chat/shared/rejection";
import Type from "typebox";
import { sendTo } from "./chat-room.ts";
import type { Incoming } from "./protocol.ts";

const validate = compileBody(
  Type.Object({ text: MessageText, client_message_id: Type.Optional(nullable(ClientMessageId)) }),
  "ignore",
);

/** The object, when the frame is one in JSON; null for whatever else a person may type. */
export function readObject(frame: Buffer): object | null {
  const value = jsonIn(frame);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
}

/** The text, when the frame is one in JSON's quotation marks. */
export function readQuoted(frame: Buffer): string | null {
  const value = jsonIn(frame);
  return typeof value === "string" ? value : null;
}

/** Sends what was typed: the text of an object that has one, else the frame itself. Never throws. */
export function sendText(frame: Buffer, typed: object | string | null, shown: string | null): Incoming {
  try {
    const said = typed ?? decodeUtf8(frame, "frame");
    const message = typeof said === "string" ? { text: said } : said;
    refuseUnstorableText(message);
    const { text, client_message_id: key } = validate(message);
    return sendTo(shown, text, key ?? null);
  } catch (error) {
    if (error instanceof Rejection) return { kind: "refused", id: null, rejection: error };
    throw error;
  }
}

function jsonIn(frame: Buffer): unknown {
  try {
    return parseAnyJson(frame);
  } catch (error) {
    // Words are no JSON, and that is all right.
    if (error instanceof Rejection) return undefined;
    throw error;
  }
}
