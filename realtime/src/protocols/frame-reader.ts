import { MAX_FRAME_ID_CHARACTERS } from "@chat/shared/api/frames-from-clients";
import { parseAnyJson, refuseUnstorableJson } from "@chat/shared/http/parse-json";
import { compileBody } from "@chat/shared/http/validate";
import { isChatId } from "@chat/shared/ids";
import { Rejection } from "@chat/shared/rejection";
import type { Static, TSchema } from "typebox";
import type { Incoming } from "./protocol.ts";

/** Frames that carry only ids and numbers; a cursor is the longest of them. */
const MAX_SMALL_FRAME_BYTES = 1_024;
/** Longer than any id of ours: one that does not exist is told so, one that cannot be an id is wrong. */
export const MAX_ANY_ID_CHARACTERS = 128;

/** A frame that a client may send. `shown`: the chat that its socket shows; null where it shows several. */
export interface FrameType {
  readonly maxBytes: number;
  readonly read: (frame: unknown, shown: string | null) => Incoming;
}

/** What the schema does not know of a frame is ignored; what it refuses is thrown, as is what `from` refuses. */
export function frameType<S extends TSchema>(
  schema: S,
  from: (frame: Static<S>, shown: string | null) => Incoming,
  maxBytes = MAX_SMALL_FRAME_BYTES,
): FrameType {
  const validate = compileBody(schema, "ignore");
  return { maxBytes, read: (frame, shown) => from(validate(frame), shown) };
}

/**
 * Reads frames that are JSON objects with a `type`. The reader never throws: whatever comes from outside is something
 * that can be said about it.
 */
export function createFrameReader(
  frameTypes: ReadonlyMap<string, FrameType>,
): (bytes: Buffer, shown: string | null) => Incoming {
  return (bytes, shown) => {
    let frame: unknown;
    try {
      frame = parseAnyJson(bytes, "frame");
    } catch (error) {
      if (error instanceof Rejection) return { kind: "unreadable", rejection: error };
      throw error;
    }
    if (typeof frame !== "object" || frame === null || Array.isArray(frame)) {
      return unreadable("A frame is a JSON object.");
    }
    const type: unknown = "type" in frame ? frame.type : undefined;
    const known = typeof type === "string" ? frameTypes.get(type) : undefined;
    if (known === undefined) return unreadable(`A frame's type is one of ${[...frameTypes.keys()].join(", ")}.`);
    if (bytes.length > known.maxBytes) {
      const sentence = `A frame of this type has at most ${known.maxBytes} bytes.`;
      return { kind: "unreadable", rejection: new Rejection("payload_too_large", sentence) };
    }
    try {
      // Only here: whoever sent a frame with an id waits for a reply to it, whatever is wrong.
      refuseUnstorableJson(bytes, frame);
      return known.read(frame, shown);
    } catch (error) {
      if (error instanceof Rejection) return { kind: "refused", id: idOf(frame), rejection: error };
      throw error;
    }
  };
}

/** Opaque to clients: one that is none of ours names a chat that does not exist. */
export function chatIdFrom(text: string): string {
  if (!isChatId(text)) throw absent();
  return text;
}

export const absent = (): Rejection => new Rejection("not_found", "There is no such chat.");

export function wrong(pointer: string, detail: string): Rejection {
  return new Rejection("validation_failed", `${pointer} ${detail}.`, { errors: [{ in: "body", pointer, detail }] });
}

function idOf(frame: object): string | null {
  return "id" in frame && typeof frame.id === "string" && frame.id.length <= MAX_FRAME_ID_CHARACTERS ? frame.id : null;
}

function unreadable(sentence: string): Incoming {
  return { kind: "unreadable", rejection: new Rejection("validation_failed", sentence) };
}
