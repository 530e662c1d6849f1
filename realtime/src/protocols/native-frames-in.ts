import {
  AckFrame,
  MarkReadFrame,
  MAX_FRAME_ID_CHARACTERS,
  PingFrame,
  SendFrame,
} from "@chat/shared/api/frames-from-clients";
import { parseAnyJson, refuseUnstorableJson } from "@chat/shared/http/parse-json";
import { compileBody } from "@chat/shared/http/validate";
import { isChatId, parseMessageId } from "@chat/shared/ids";
import { Rejection } from "@chat/shared/rejection";
import type { Incoming } from "./protocol.ts";

/** Frames that carry only ids and numbers; a cursor is the longest of them. */
const MAX_SMALL_FRAME_BYTES = 1_024;

interface FrameType {
  readonly maxBytes: number;
  readonly read: (frame: unknown) => Incoming;
}

/** Every frame that a client may send. */
const frameTypes: ReadonlyMap<string, FrameType> = new Map<string, FrameType>([
  ["send", { maxBytes: Number.POSITIVE_INFINITY, read: reader(compileBody(SendFrame, "ignore"), sendFrom) }],
  ["read", { maxBytes: MAX_SMALL_FRAME_BYTES, read: reader(compileBody(MarkReadFrame, "ignore"), readFrom) }],
  ["ack", { maxBytes: MAX_SMALL_FRAME_BYTES, read: reader(compileBody(AckFrame, "ignore"), ackFrom) }],
  [
    "ping",
    {
      maxBytes: MAX_SMALL_FRAME_BYTES,
      read: reader(compileBody(PingFrame, "ignore"), (frame) => ({ kind: "ping", id: frame.id ?? null })),
    },
  ],
]);

/** Reads one frame. Never throws: whatever comes from outside is something that can be said about it. */
export function readNativeFrame(bytes: Buffer): Incoming {
  let frame: unknown;
  try {
    frame = parseAnyJson(bytes);
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
    return known.read(frame);
  } catch (error) {
    if (error instanceof Rejection) return { kind: "refused", id: idOf(frame), rejection: error };
    throw error;
  }
}

function reader<Frame>(validate: (frame: unknown) => Frame, from: (frame: Frame) => Incoming): FrameType["read"] {
  return (frame) => from(validate(frame));
}

function sendFrom(frame: SendFrame): Incoming {
  return {
    kind: "command",
    id: frame.id ?? null,
    command: {
      type: "SendMessage",
      chatId: chatIdFrom(frame.chat_id),
      text: frame.text,
      clientMessageId: frame.client_message_id ?? null,
      replyTo: frame.reply_to ?? null,
    },
  };
}

function readFrom(frame: MarkReadFrame): Incoming {
  const { message_id: messageId, up_to: upTo } = frame;
  if ((messageId === undefined) === (upTo === undefined)) throw wrong("/up_to", "give either up_to or message_id");
  const named = messageId === undefined ? null : parseMessageId(messageId);
  if (messageId !== undefined && named === null) throw absent();
  const chatId = frame.chat_id ?? named?.chatId;
  if (chatId === undefined) throw wrong("/chat_id", "is missing");
  return {
    kind: "command",
    id: frame.id ?? null,
    command: { type: "MarkRead", chatId: chatIdFrom(chatId), upTo: upTo ?? null, messageId: messageId ?? null },
  };
}

function ackFrom(frame: AckFrame): Incoming {
  const cursor = frame.cursor ?? frame.at;
  if (cursor === undefined) throw wrong("/cursor", "is missing");
  return { kind: "ack", id: frame.id ?? null, cursor };
}

/** Opaque to clients: one that is none of ours names a chat that does not exist. */
function chatIdFrom(text: string): string {
  if (!isChatId(text)) throw absent();
  return text;
}

function idOf(frame: object): string | null {
  return "id" in frame && typeof frame.id === "string" && frame.id.length <= MAX_FRAME_ID_CHARACTERS ? frame.id : null;
}

const absent = (): Rejection => new Rejection("not_found", "There is no such chat.");

function wrong(pointer: string, detail: string): Rejection {
  return new Rejection("validation_failed", `${pointer} ${detail}.`, { errors: [{ in: "body", pointer, detail }] });
}

function unreadable(sentence: string): Incoming {
  return { kind: "unreadable", rejection: new Rejection("validation_failed", sentence) };
}
