import { ClientMessageId, MessageText } from "@chat/shared/api/frames-from-clients";
import type { MessageObject } from "@chat/shared/api/message-object";
import type { CommandResult } from "@chat/shared/commands/command-port";
import { nullable } from "@chat/shared/http/fields";
import type { Problem } from "@chat/shared/http/problem";
import { parseMessageId } from "@chat/shared/ids";
import Type from "typebox";
import type { Telling } from "../tellings.ts";
import { absent, createFrameReader, type FrameType, frameType, MAX_ANY_ID_CHARACTERS } from "./frame-reader.ts";
import type { Incoming, Protocol, Wording } from "./protocol.ts";

const MessageFrame = Type.Object({
  text: MessageText,
  client_message_id: Type.Optional(nullable(ClientMessageId)),
});
const ReadFrame = Type.Object({ message_id: Type.String({ maxLength: MAX_ANY_ID_CHARACTERS }) });

const frameTypes: ReadonlyMap<string, FrameType> = new Map<string, FrameType>([
  [
    "message",
    frameType(
      MessageFrame,
      ({ text, client_message_id: key }, shown) => sendTo(shown, text, key ?? null),
      Number.POSITIVE_INFINITY,
    ),
  ],
  ["read", frameType(ReadFrame, ({ message_id: messageId }, shown) => readIn(shown, messageId))],
]);

/** `/ws/{chat_id}`: one chat in two kinds of JSON frames, a message and that one was read. */
export const chatRoom: Protocol = {
  name: "chat-room",
  provedSoon: true,
  asks: { authorOfRead: true },
  framesFor: roomFrames,
  incoming: createFrameReader(frameTypes),
  ready: () => null,
  moved: () => null,
  resync: () => null,
  done: (_id, result) => repeatedMessage(result),
  refused: (_id, problem) => errorFrame(problem),
};

function roomFrames({ kind, payload, authorId }: Telling): Wording {
  // What was taken back by the time that it is told is not told.
  if (kind === "new_message" && "text" in payload) return payload.deleted ? [] : [messageFrame(payload)];
  if (kind !== "read" || !("up_to" in payload) || !("user_id" in payload)) return [];
  if (authorId === undefined || authorId === payload.user_id) return [];
  const notice = JSON.stringify({ type: "read", message_id: payload.message_id, reader_id: payload.user_id });
  return { userId: authorId, his: [notice], others: [] };
}

/** The frame of then: to the device that sent its message again, and to no other. */
function repeatedMessage(result: CommandResult | null): string | null {
  return result?.type === "MessageSent" && result.repeated ? messageFrame(result.message) : null;
}

function messageFrame(message: MessageObject): string {
  const { id, chat_id, sender_id, text, timestamp, client_message_id } = message;
  return JSON.stringify({ type: "message", id, chat_id, sender_id, text, timestamp, client_message_id });
}

/** The same in every dialect of JSON frames: in words, and as programs read it. */
export function errorFrame(problem: Problem): string {
  return JSON.stringify({ type: "error", detail: problem.detail, error: problem });
}

export function sendTo(shown: string | null, text: string, clientMessageId: string | null): Incoming {
  if (shown === null) throw absent();
  return {
    kind: "command",
    id: null,
    command: { type: "SendMessage", chatId: shown, text, clientMessageId, replyTo: null },
  };
}

function readIn(shown: string | null, messageId: string): Incoming {
  const chatId = parseMessageId(messageId)?.chatId;
  if (chatId === undefined || chatId !== shown) throw absent();
  return { kind: "command", id: null, command: { type: "MarkRead", chatId, upTo: null, messageId } };
}
