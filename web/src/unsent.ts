import type { ChatClient } from "@chat/client/chat-client";
import type { ClientState, OutgoingMessage } from "@chat/client/state";
import { createKeptTexts } from "./kept-texts.ts";
import { nameOfChat } from "./names.ts";
import type { Words } from "./words.ts";

/** What would be lost with the window: messages that did not arrive, and files that the server has not answered for. */
export const hasUnsent = ({ outgoing, uploads }: ClientState): boolean =>
  outgoing.some(({ status }) => status !== "sent") || uploads.some(({ status }) => status !== "refused");

/** Has the browser ask whoever is about to leave while something would be lost. Returns what ends it. */
export function askBeforeLeaving(wouldLose: () => boolean): () => void {
  const ask = (event: BeforeUnloadEvent): void => {
    if (wouldLose()) event.preventDefault();
  };
  window.addEventListener("beforeunload", ask);
  return () => window.removeEventListener("beforeunload", ask);
}

interface KeptMessage extends Pick<OutgoingMessage, "clientMessageId" | "chatId" | "text" | "replyTo" | "problem"> {
  readonly chatName: string | undefined;
}

export interface Unsent {
  /** What a chat is called in which something was written that did not arrive, though one is in it no more. */
  nameOf(chatId: string): string | undefined;
  /**
   * Sends what this window had not sent when it was reloaded: by the same id it is the same message, whatever became of it.
   * What was refused is shown again. Then keeps what is written. Files a browser does not keep, nor what was to be sent
   * with them. Returns what ends it.
   */
  keep(client: ChatClient): () => void;
}

export function createUnsent(userId: string, words: Words): Unsent {
  const names = new Map<string, string>();

  function learnNames(state: ClientState): void {
    const chatIds = new Set([...state.outgoing, ...state.uploads].map(({ chatId }) => chatId));
    for (const chatId of names.keys()) if (!chatIds.has(chatId)) names.delete(chatId);
    for (const chatId of chatIds) {
      const chat = state.chats.get(chatId);
      if (chat !== undefined) names.set(chatId, nameOfChat(state, chat, words));
    }
  }

  return {
    nameOf: (chatId) => names.get(chatId),

    keep(client) {
      const kept = createKeptTexts<readonly KeptMessage[]>(unsentKey(userId));
      for (const { chatId, text, chatName, ...content } of kept.read() ?? []) {
        if (chatName !== undefined) names.set(chatId, chatName);
        client.send(chatId, text, content);
      }
      let last = client.state();
      return client.subscribe((news) => {
        if (news.type !== "state") return;
        const { outgoing, uploads } = news.state;
        const isNew = outgoing !== last.outgoing || uploads !== last.uploads;
        last = news.state;
        if (!isNew) return;
        learnNames(news.state);
        const withFiles = new Set(uploads.map(({ clientMessageId }) => clientMessageId));
        kept.write(
          outgoing
            .filter(({ clientMessageId: id, status }) => isKept(status, withFiles.has(id)))
            .map(({ clientMessageId, chatId, text, replyTo, problem }) => ({
              ...{ clientMessageId, chatId, text, replyTo, problem },
              chatName: names.get(chatId),
            })),
        );
      });
    },
  };
}

const isKept = (status: OutgoingMessage["status"], hasFiles: boolean): boolean =>
  status === "refused" || (status === "sending" && !hasFiles);

const unsentKey = (userId: string): string => `chat.unsent.${userId}`;
