import type { ProblemObject } from "@chat/shared/api/problem-object";
import { createFileSender } from "./file-sender.ts";
import type { Backoff } from "./full-jitter.ts";
import type { HttpCalls } from "./http-calls.ts";
import { newId } from "./new-id.ts";
import { messageDiscarded, messageRefused, messageSent, messageWritten } from "./outgoing.ts";
import { createSender } from "./sender.ts";
import type { ClientState } from "./state.ts";
import { fileProgressed, fileRefused, filesChosen, filesDiscarded, fileSent } from "./uploads.ts";

export interface NewContent {
  readonly replyTo?: string | null;
  /** Of a message that an earlier client did not see answered: by the same id it is the same message. Made up when absent. */
  readonly clientMessageId?: string;
  /** Why an earlier client was refused it: it is shown as refused, and not sent. */
  readonly problem?: ProblemObject | null;
  /** They follow the message, in this order. */
  readonly files?: readonly File[];
}

export interface OutboxOptions {
  readonly calls: HttpCalls;
  readonly backoff: Backoff;
  readonly random: () => number;
  readonly change: (next: (state: ClientState) => ClientState) => void;
  readonly refused: (clientMessageId: string, problem: ProblemObject) => void;
  readonly signedOut: () => void;
}

/** What was written here and is not settled: messages, each shown at once and sent first, and the files that follow it. */
export interface Outbox {
  /** Returns the message's client message id. */
  send(chatId: string, text: string, content: NewContent): string;
  /** Takes back a message that was refused. Returns its files, for whoever sends them otherwise. */
  discard(clientMessageId: string): readonly File[];
  /** Takes back a file that was refused or is not sent yet; one that is under way may have arrived. */
  discardFile(key: string): void;
  /** Before it, and after `stop`, what is written waits. */
  start(): void;
  goOn(): void;
  stop(): void;
}

interface ChosenFile {
  readonly key: string;
  readonly file: File;
}

export function createOutbox({ calls, change, refused, ...options }: OutboxOptions): Outbox {
  /** By client message id, of messages that are not sent yet. */
  const chosen = new Map<string, readonly ChosenFile[]>();

  const files = createFileSender({
    ...{ calls, ...options },
    progress: (key, bytes) => change((state) => fileProgressed(state, key, bytes)),
    sent: (sent, objects) => change((state) => fileSent(state, sent, objects)),
    refused: (key, problem) => change((state) => fileRefused(state, key, problem)),
  });
  const messages = createSender({
    ...{ calls, ...options },
    sent(id, { id: messageId, chat_id: chatId, seq }) {
      change((state) => messageSent(state, id, seq));
      for (const { key, file } of chosen.get(id) ?? []) files.add({ key, chatId, messageId, file });
      chosen.delete(id);
    },
    refused(id, problem) {
      change((state) => messageRefused(state, id, problem));
      refused(id, problem);
    },
  });

  return {
    send(chatId, text, { replyTo = null, clientMessageId = newId(), problem = null, files: wanted = [] }) {
      const message = { clientMessageId, chatId, text, replyTo };
      const its = wanted.map((file) => ({ key: newId(), file }));
      if (its.length > 0) chosen.set(clientMessageId, its);
      change((state) =>
        filesChosen(
          messageWritten(state, message),
          its.map(({ key, file: { name, size } }) => ({
            ...{ key, clientMessageId, chatId, name, size },
            ...{ status: "waiting", sentBytes: 0, problem: null },
          })),
        ),
      );
      if (problem === null) messages.add(message);
      else change((state) => messageRefused(state, clientMessageId, problem));
      return clientMessageId;
    },

    discard(clientMessageId) {
      const its = chosen.get(clientMessageId) ?? [];
      chosen.delete(clientMessageId);
      change((state) =>
        filesDiscarded(messageDiscarded(state, clientMessageId), (file) => file.clientMessageId === clientMessageId),
      );
      return its.map(({ file }) => file);
    },

    discardFile(key) {
      for (const [id, its] of chosen)
        chosen.set(
          id,
          its.filter((file) => file.key !== key),
        );
      files.drop((file) => file.key === key);
      change((state) => filesDiscarded(state, (file) => file.key === key));
    },

    start() {
      messages.start();
      files.start();
    },
    goOn() {
      messages.goOn();
      files.goOn();
    },
    stop() {
      messages.stop();
      files.stop();
    },
  };
}
