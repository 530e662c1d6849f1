import type { CommandPort } from "@chat/shared/commands/command-port";
import { parseMessageId, type ChatId } from "@chat/shared/ids";
import { Rejection } from "@chat/shared/rejection";
import { continueTrace } from "@chat/shared/telemetry/trace-context";
import { isFullyRead } from "../domain/chat/fully-read.ts";
import type { CommandOutcome } from "../partition-owner/command-request.ts";
import { messageAnswer } from "./answers.ts";
import type { ChatCommands, CommandOrigin } from "./chat-commands.ts";

/** What reading leads to, in numbers. */
export interface ReadAnswer {
  readonly readUpTo: number;
  readonly fullyRead: boolean;
  readonly unreadCount: number;
}

/** Sending and reading, the same for HTTP and sockets. */
export interface Messaging {
  send(
    origin: CommandOrigin,
    message: { chatId: ChatId; text: string; replyTo: string | null },
  ): Promise<CommandOutcome>;
  read(
    origin: CommandOrigin,
    read: { chatId: ChatId; upTo: number | null; named: number | null },
  ): Promise<{ outcome: CommandOutcome; answer: ReadAnswer }>;
}

export function createMessaging(commands: ChatCommands): Messaging {
  return {
    send: (origin, { chatId, text, replyTo }) =>
      commands.execute(origin, chatId, { type: "SendMessage", text, replyTo: seqIn(chatId, replyTo, "reply_to") }),

    async read(origin, { chatId, upTo, named }) {
      const outcome = await commands.execute(origin, chatId, { type: "MarkRead", upTo, named });
      const { chat, message, unreadCount } = outcome;
      if (unreadCount === undefined) throw new Error("reading was not counted");
      const readUpTo = chat.status === "active" ? (chat.members.get(origin.actor)?.readUpTo ?? 0) : 0;
      const fullyRead =
        chat.status === "active" &&
        (message === undefined
          ? readUpTo > 0 && chat.fullyRead.upTo >= readUpTo
          : isFullyRead(chat, message.senderId, message.seq));
      return { outcome, answer: { readUpTo, fullyRead, unreadCount } };
    },
  };
}

/** The seq of a message of this chat; another chat's message is none of it. `field` is what the client calls it. */
function seqIn(chatId: ChatId, messageId: string | null, field: "reply_to" | "message_id"): number | null {
  if (messageId === null) return null;
  const parsed = parseMessageId(messageId);
  if (parsed?.chatId === chatId) return parsed.seq;
  throw new Rejection("validation_failed", `${field} must be the id of a message of the same chat.`, {
    errors: [{ in: "body", pointer: `/${field}`, detail: "must be the id of a message of the same chat" }],
  });
}

/** The commands that come from sockets. */
export function createSocketCommands(messaging: Messaging): CommandPort {
  return async ({ userId: actor }, command) => {
    const chatId = command.chatId as ChatId;
    const traceParent = continueTrace(undefined);
    if (command.type === "SendMessage") {
      const origin = { actor, idempotencyKey: command.clientMessageId ?? undefined, traceParent };
      const outcome = await messaging.send(origin, { chatId, text: command.text, replyTo: command.replyTo });
      if (outcome.message === undefined) throw new Error("a message was sent and is not there");
      const message = messageAnswer(chatId, outcome.chat, outcome.message);
      return { type: "MessageSent", repeated: outcome.status === "repeated", message };
    }
    const named = seqIn(chatId, command.messageId, "message_id");
    const { answer } = await messaging.read(
      { actor, idempotencyKey: undefined, traceParent },
      { chatId, upTo: command.upTo ?? named, named },
    );
    return { type: "Read", chatId, ...answer };
  };
}
