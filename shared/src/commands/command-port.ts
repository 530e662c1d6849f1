import type { MessageObject } from "../api/message-object.ts";
import type { UserId } from "../ids.ts";

/**
 * How a socket's commands reach the one place that decides: a call in the embedded run, HTTP when the services run apart.
 *
 * Calls of one socket are made in the order in which its frames came, without waiting for the answers before; whoever
 * implements this keeps that order per caller and chat. Rejects with a `Rejection` for what is refused (whoever is not
 * a member gets `not_found`); anything else that it rejects with is a bug or an outage of which nothing is known.
 */
export type CommandPort = (caller: CommandCaller, command: SocketCommand) => Promise<CommandResult>;

/** On whose behalf. A session that was revoked commands nothing. */
export interface CommandCaller {
  readonly userId: UserId;
  readonly sessionId: string;
}

/** Shapes were checked at the socket: ids have the form of ids, texts are within their bounds and can be stored. */
export type SocketCommand = SendMessage | MarkRead;

export interface SendMessage {
  readonly type: "SendMessage";
  readonly chatId: string;
  readonly text: string;
  readonly clientMessageId: string | null;
  /** The id of a message of the same chat. */
  readonly replyTo: string | null;
}

/** "I have read up to here": by seq, or by the message that is named. `upTo` beyond the last seq is cut to it. */
export interface MarkRead {
  readonly type: "MarkRead";
  readonly chatId: string;
  readonly upTo: number | null;
  readonly messageId: string | null;
}

export type CommandResult = MessageSentResult | ReadResult;

export interface MessageSentResult {
  readonly type: "MessageSent";
  /** The same client message id was sent before: nothing happened now, and this is the message of then. */
  readonly repeated: boolean;
  readonly message: MessageObject;
}

export interface ReadResult {
  readonly type: "Read";
  readonly chatId: string;
  readonly readUpTo: number;
  /** The named message, or the last one read, is now read by all. */
  readonly fullyRead: boolean;
  readonly unreadCount: number;
}
