import type { CommandCaller, CommandPort, CommandResult, SocketCommand } from "@chat/shared/commands/command-port";
import type { MessageObject } from "@chat/shared/api/message-object";
import type { AccessTokens } from "@chat/shared/identity/access-token";
import { Rejection, rejectionKinds, type RejectionCode } from "@chat/shared/rejection";
import type { Logger } from "@chat/shared/telemetry/logger";
import { continueTrace, traceIdOf } from "@chat/shared/telemetry/trace-context";

/** command-api answers `outcome_unknown` itself long before; this is for one that does not answer at all. */
const ANSWER_WITHIN_MS = 10_000;

export interface CommandClientOptions {
  /** Of command-api, without a path. */
  readonly url: string;
  /** Signs for the caller anew: a socket outlives the token that opened it. */
  readonly tokens: Pick<AccessTokens, "sign">;
  readonly logger: Logger;
}

/**
 * Sends commands to command-api over HTTP, as the caller. Requests of one caller in one chat go one after the other:
 * two connections could overtake each other. How many wait is bounded by what a socket may have in flight.
 */
export function createCommandClient({ url, tokens, logger }: CommandClientOptions): CommandPort {
  const lanes = new Map<string, Promise<unknown>>();

  async function post(caller: CommandCaller, command: SocketCommand): Promise<CommandResult> {
    const { method, path, body } = requestFor(command);
    const traceparent = continueTrace(undefined);
    const authorization = { Authorization: `Bearer ${tokens.sign(caller)}`, traceparent };
    const request = {
      method,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      ...(body === null
        ? { headers: authorization }
        : { headers: { ...authorization, "Content-Type": "application/json" }, body: JSON.stringify(body) }),
    };
    let status: number;
    let answer: unknown;
    try {
      const response = await fetch(new URL(path, url), request);
      status = response.status;
      answer = await response.json();
    } catch (error) {
      logger.warn({ err: error, trace_id: traceIdOf(traceparent) }, "command-api gave no answer");
      if (isRefusedConnection(error)) throw new Rejection("unavailable", "Commands cannot be taken right now.");
      throw new Rejection("outcome_unknown", "The answer was lost: it may have happened.");
    }
    if (status >= 400) throw rejectionFrom(answer);
    return resultFrom(command, status, answer);
  }

  return (caller, command) => {
    const lane = `${caller.userId} ${command.chatId}`;
    const before = lanes.get(lane) ?? Promise.resolve();
    const answered = before.then(() => post(caller, command));
    const over = answered.then(
      () => undefined,
      () => undefined,
    );
    lanes.set(lane, over);
    void over.then(() => {
      if (lanes.get(lane) === over) lanes.delete(lane);
    });
    return answered;
  };
}

function requestFor(command: SocketCommand): {
  readonly method: string;
  readonly path: string;
  readonly body: object | null;
} {
  if (command.type === "SendMessage") {
    const { chatId, text, clientMessageId, replyTo } = command;
    const body = { text, client_message_id: clientMessageId, reply_to: replyTo };
    return { method: "POST", path: `/api/chats/${chatId}/messages`, body };
  }
  const { chatId, upTo, messageId } = command;
  return messageId === null
    ? { method: "POST", path: `/api/chats/${chatId}/read`, body: upTo === null ? {} : { up_to: upTo } }
    : { method: "PUT", path: `/api/messages/${messageId}/read`, body: null };
}

/** An answer of our own service, of the same release: its shape is trusted. */
function resultFrom(command: SocketCommand, status: number, answer: unknown): CommandResult {
  if (command.type === "SendMessage") {
    return { type: "MessageSent", repeated: status === 200, message: answer as MessageObject };
  }
  const read = answer as { read_up_to: number; fully_read: boolean; unread_count: number };
  return {
    type: "Read",
    chatId: command.chatId,
    readUpTo: read.read_up_to,
    fullyRead: read.fully_read,
    unreadCount: read.unread_count,
  };
}

function rejectionFrom(problem: unknown): Rejection {
  if (typeof problem === "object" && problem !== null && "code" in problem && "detail" in problem) {
    const { code, detail } = problem;
    if (typeof code === "string" && typeof detail === "string" && isCode(code)) return new Rejection(code, detail);
  }
  return new Rejection("outcome_unknown", "The answer could not be understood: it may have happened.");
}

const isCode = (code: string): code is RejectionCode => Object.hasOwn(rejectionKinds, code);

function isRefusedConnection(error: unknown): boolean {
  if (!Error.isError(error)) return false;
  return ("code" in error && error.code === "ECONNREFUSED") || isRefusedConnection(error.cause);
}
