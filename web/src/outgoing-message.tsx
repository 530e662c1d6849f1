import type { ChatState, ClientState, OutgoingFile, OutgoingMessage as Outgoing } from "@chat/client/state";
import { useWords } from "./language.ts";
import { namesOfFiles } from "./names.ts";
import { wordsOfProblem } from "./problems.ts";
import { QuoteAbove, type QuoteAboveProps } from "./quote.tsx";
import { Uploads } from "./uploads.tsx";

export interface OutgoingMessageProps {
  readonly state: ClientState;
  readonly chat: ChatState;
  readonly message: Outgoing;
  readonly uploads: readonly OutgoingFile[];
  readonly onDiscard: (clientMessageId: string) => void;
  readonly onDiscardFile: (key: string) => void;
  readonly onSeek: QuoteAboveProps["onSeek"];
}

/** What was written here and is not yet back on the stream. */
export function OutgoingMessage(props: OutgoingMessageProps) {
  const { state, chat, message, uploads, onDiscard, onDiscardFile, onSeek } = props;
  const words = useWords();
  const isRefused = message.status === "refused";
  const why = message.problem === null ? "" : wordsOfProblem(message.problem, words);
  const status = isRefused ? words.refused : words[message.status === "sent" ? "sent" : "sending"];
  return (
    <article class={`message own outgoing ${message.status}`}>
      <h3 class="only-heard">{words.you}</h3>
      {message.replyTo !== null && <QuoteAbove {...{ state, chat, onSeek }} messageId={message.replyTo} />}
      {message.text !== namesOfFiles(uploads) && (
        <p class="text" dir="auto">
          {message.text}
        </p>
      )}
      <Uploads files={uploads} onDiscard={onDiscardFile} />
      <p class="about">{isRefused ? `${status}: ${why}` : status}</p>
      {isRefused && (
        <p class="actions">
          <button type="button" onClick={() => onDiscard(message.clientMessageId)}>
            {words.discard}
          </button>
        </p>
      )}
    </article>
  );
}
