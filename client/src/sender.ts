import type { MessageObject } from "@chat/shared/api/message-object";
import type { ProblemObject } from "@chat/shared/api/problem-object";
import type { Backoff } from "./full-jitter.ts";
import type { HttpCalls } from "./http-calls.ts";
import type { NewMessage } from "./outgoing.ts";
import { attemptOf, createSendQueues, type SendQueues } from "./send-queues.ts";

export interface SenderOptions {
  readonly calls: Pick<HttpCalls, "post">;
  readonly backoff: Backoff;
  readonly random: () => number;
  readonly sent: (clientMessageId: string, message: MessageObject) => void;
  readonly refused: (clientMessageId: string, problem: ProblemObject) => void;
  readonly signedOut: () => void;
}

/**
 * Sends what was written, in order per chat, each until it is answered: for ever. Sent again with the same client message
 * id it is the same message, so whatever became of an attempt, the next one is safe.
 */
export function createSender({ calls, sent, refused, ...options }: SenderOptions): SendQueues<NewMessage> {
  return createSendQueues({
    ...options,
    queueOf: ({ chatId }) => chatId,
    attempt({ chatId, text, clientMessageId, replyTo }) {
      const body = { text, client_message_id: clientMessageId, ...(replyTo === null ? {} : { reply_to: replyTo }) };
      return attemptOf(() => calls.post<MessageObject>(`/chats/${chatId}/messages`, body), {
        sent: (message) => sent(clientMessageId, message),
        refused: (problem) => refused(clientMessageId, problem),
      });
    },
  });
}
