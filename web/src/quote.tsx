import { useState } from "preact/hooks";
import type { MessageObject } from "@chat/shared/api/message-object";
import { useWords } from "./language.ts";
import { useReach } from "./roving.ts";

export interface QuoteProps {
  /** What is answered; undefined when it is not at hand. */
  readonly quoted: MessageObject | undefined;
  /** Of who said it. */
  readonly quotedName: string;
}

/** The beginning of a message that another one answers. */
export function Quote({ quoted, quotedName }: QuoteProps) {
  const words = useWords();
  if (quoted === undefined) return <span class="quoted">{words.earlierMessage}</span>;
  return (
    <>
      <span class="quoted-name" dir="auto">
        {quotedName}
      </span>
      <span class="quoted" dir="auto">
        {quoted.deleted ? words.deletedMessage : quoted.text}
      </span>
    </>
  );
}

export interface QuoteAboveProps extends QuoteProps {
  /** Of the message that is answered. */
  readonly messageId: string;
  /** Brings a message into sight, however far back it is; false when it was not reached. */
  readonly onSeek: (messageId: string) => Promise<boolean>;
}

/** Above an answer: leads to what it answers. */
export function QuoteAbove({ messageId, onSeek, ...quote }: QuoteAboveProps) {
  const words = useWords();
  const reach = useReach();
  const [status, setStatus] = useState<"" | "seeking" | "not reached">("");

  async function seek(): Promise<void> {
    if (status === "seeking") return;
    setStatus("seeking");
    setStatus((await onSeek(messageId)) ? "" : "not reached");
  }

  return (
    <button
      class="quote"
      type="button"
      title={words.goToQuoted}
      tabIndex={reach}
      aria-busy={status === "seeking"}
      onClick={() => void seek()}
    >
      <span class="only-heard">{words.answerTo}: </span>
      <Quote {...quote} />
      {status !== "" && <span class="hint">{status === "seeking" ? words.seeking : words.notReached}</span>}
    </button>
  );
}
