import type { ChatClient } from "@chat/client/chat-client";
import type { ClientState, OutgoingMessage } from "@chat/client/state";
import { createKeptTexts } from "./kept-texts.ts";

/** What a reload would take: messages and files that the server has not answered for. */
export const hasUnsent = ({ outgoing, uploads }: ClientState): boolean =>
  outgoing.some(({ status }) => status === "sending") || uploads.some(({ status }) => status !== "refused");

/** Has the browser ask whoever is about to leave while something would be lost. Returns what ends it. */
export function askBeforeLeaving(wouldLose: () => boolean): () => void {
  const ask = (event: BeforeUnloadEvent): void => {
    if (wouldLose()) event.preventDefault();
  };
  window.addEventListener("beforeunload", ask);
  return () => window.removeEventListener("beforeunload", ask);
}

type Unsent = Pick<OutgoingMessage, "clientMessageId" | "chatId" | "text" | "replyTo">;

/**
 * Sends what this window had not sent when it was reloaded: by the same id it is the same message, whatever became of it.
 * Then keeps what is written. Files a browser does not keep, nor what was to be sent with them. Returns what ends it.
 */
export function keepUnsent(client: ChatClient, userId: string): () => void {
  const kept = createKeptTexts<readonly Unsent[]>(unsentKey(userId));
  for (const { chatId, text, ...content } of kept.read() ?? []) client.send(chatId, text, content);
  let last = client.state().outgoing;
  return client.subscribe((news) => {
    if (news.type !== "state" || news.state.outgoing === last) return;
    const { outgoing, uploads } = news.state;
    last = outgoing;
    const withFiles = new Set(uploads.map(({ clientMessageId }) => clientMessageId));
    kept.write(
      outgoing
        .filter(({ clientMessageId: id, status }) => status === "sending" && !withFiles.has(id))
        .map(({ clientMessageId, chatId, text, replyTo }) => ({ clientMessageId, chatId, text, replyTo })),
    );
  });
}

const unsentKey = (userId: string): string => `chat.unsent.${userId}`;
