import Type, { type Static } from "typebox";
import { nullable, textField } from "../http/fields.ts";
import type { FrameDescription } from "./frames-to-clients.ts";

/** A message as it is stored; as over HTTP. */
const MAX_TEXT_BYTES = 16 * 1024;
/** What a header could carry as well: over HTTP it is the same id as `Idempotency-Key`. */
const KEY_PATTERN = "^[\\x21-\\x7e]{1,200}$";
/** A client's name for a frame; a UUID fits three times. */
export const MAX_FRAME_ID_CHARACTERS = 128;

const id = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: MAX_FRAME_ID_CHARACTERS,
    description: "the client's name for this frame: with one it is answered by a reply",
  }),
);
const anyId = Type.String({ maxLength: MAX_FRAME_ID_CHARACTERS });
const seq = Type.Integer({ minimum: 0, maximum: 999_999_999 });

/** What people write. */
export const MessageText = textField({ minLength: 1, maxUtf8Bytes: MAX_TEXT_BYTES });
export const ClientMessageId = Type.String({
  pattern: KEY_PATTERN,
  description: "sent again it is the same message, for ever",
});

export const SendFrame = Type.Object({
  type: Type.Literal("send"),
  id,
  chat_id: anyId,
  text: MessageText,
  client_message_id: Type.Optional(nullable(ClientMessageId)),
  reply_to: Type.Optional(nullable(anyId)),
});
export type SendFrame = Static<typeof SendFrame>;

/** Either `chat_id` with `up_to`, or `message_id`. */
export const MarkReadFrame = Type.Object({
  type: Type.Literal("read"),
  id,
  chat_id: Type.Optional(anyId),
  up_to: Type.Optional(seq),
  message_id: Type.Optional(anyId),
});
export type MarkReadFrame = Static<typeof MarkReadFrame>;

/** Said again every few seconds as long as it is true: it ends by itself after six. */
export const TypeFrame = Type.Object({ type: Type.Literal("typing"), id, chat_id: anyId, is_typing: Type.Boolean() });
export type TypeFrame = Static<typeof TypeFrame>;

/** Either name will do: everything up to this cursor has arrived. */
export const AckFrame = Type.Object({
  type: Type.Literal("ack"),
  id,
  cursor: Type.Optional(Type.String()),
  at: Type.Optional(Type.String()),
});
export type AckFrame = Static<typeof AckFrame>;

export const PingFrame = Type.Object({ type: Type.Literal("ping"), id });
export type PingFrame = Static<typeof PingFrame>;

/** Every frame of the native protocol that a client may send. */
export type FrameFromClient = SendFrame | MarkReadFrame | TypeFrame | AckFrame | PingFrame;

/** Every schema by its frame's type, and what it asks for in a sentence. Fields that are not named here are ignored. */
export const framesFromClients: { readonly [Kind in FrameFromClient["type"]]: FrameDescription } = {
  send: { schema: SendFrame, summary: "Send a message; the reply holds it" },
  read: { schema: MarkReadFrame, summary: "Mark everything up to a seq or a message as read; the reply says how far" },
  typing: {
    schema: TypeFrame,
    summary: "Say that one types in a chat, again every few seconds, or that one has stopped",
  },
  ack: { schema: AckFrame, summary: "Say that everything up to a cursor has arrived" },
  ping: { schema: PingFrame, summary: "Ask for a sign of life" },
};
