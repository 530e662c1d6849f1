import { useState } from "preact/hooks";
import type { ChatState, ClientState } from "@chat/client/state";
import { useWords } from "./language.ts";
import { nameOfPerson } from "./names.ts";
import { useReach } from "./roving.ts";

export interface QuoteProps {
  readonly state: ClientState;
  readonly chat: ChatState;
  /** Of the message that is answered. */
  readonly messageId: string;
}

/** The beginning of a message that another one answers. */
export function Quote({ state, chat, messageId }: QuoteProps) {
  const words = useWords();
  const message = chat.messages.find(({ id }) => id === messageId);
  if (message === undefined) return <span class="quoted">{words.earlierMessage}</span>;
  const isOwn = message.sender_id === state.userId;
  return (
    <>
      <span class="quoted-name" dir="auto">
        {isOwn ? words.you : nameOfPerson(state, chat, message.sender_id, words)}
      </span>
      <span class="quoted" dir="auto">
        {message.deleted ? words.deletedMessage : message.text}
      </span>
    </>
  );
}

export interface QuoteAboveProps extends QuoteProps {
  /** Brings a message into sight, however far back it is; false when it was not reached. */
  readonly onSeek: (messageId: string) => Promise<boolean>;
}

/** Above an answer: leads to what it answers. */
export function QuoteAbove({ onSeek, ...quoted }: QuoteAboveProps) {
  const words = useWords();
  const reach = useReach();
  const [status, setStatus] = useState<"" | "seeking" | "not reached">("");

  async function seek(): Promise<void> {
    if (status === "seeking") return;
    setStatus("seeking");
    setStatus((await onSeek(quoted.messageId)) ? "" : "not reached");
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
      <Quote {...quoted} />
      {status !== "" && <span class="hint">{status === "seeking" ? words.seeking : words.notReached}</span>}
    </button>
  );
}
