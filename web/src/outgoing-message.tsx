import type { OutgoingFile, OutgoingMessage as Outgoing } from "@chat/client/state";
import { useWords } from "./language.ts";
import { namesOfFiles } from "./names.ts";
import { QuoteAbove, type QuoteAboveProps, type QuoteProps } from "./quote.tsx";
import { Uploads } from "./uploads.tsx";

export interface OutgoingMessageProps extends QuoteProps {
  readonly message: Outgoing;
  readonly uploads: readonly OutgoingFile[];
  readonly onDiscardFile: (key: string) => void;
  readonly onSeek: QuoteAboveProps["onSeek"];
}

/** What was written here and is not yet back on the stream; what was refused is shown otherwise. */
export function OutgoingMessage(props: OutgoingMessageProps) {
  const { message, quoted, quotedName, uploads, onDiscardFile, onSeek } = props;
  const words = useWords();
  return (
    <article class={`message own outgoing ${message.status}`}>
      <h3 class="only-heard">{words.you}</h3>
      {message.replyTo !== null && <QuoteAbove {...{ quoted, quotedName, onSeek }} messageId={message.replyTo} />}
      {message.text !== namesOfFiles(uploads) && (
        <p class="text" dir="auto">
          {message.text}
        </p>
      )}
      <Uploads files={uploads} onDiscard={onDiscardFile} />
      <p class="about">{words[message.status === "sent" ? "sent" : "sending"]}</p>
    </article>
  );
}
