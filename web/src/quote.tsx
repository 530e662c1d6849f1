import type { ChatState, ClientState } from "@chat/client/state";
import { useWords } from "./language.ts";
import { nameOfPerson } from "./names.ts";

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
      <span class="quoted-name">{isOwn ? words.you : nameOfPerson(state, chat, message.sender_id, words)}</span>
      <span class="quoted">{message.deleted ? words.deletedMessage : message.text}</span>
    </>
  );
}

/** Above an answer: leads to what it answers, where that is shown. */
export function QuoteAbove(props: QuoteProps) {
  const words = useWords();
  return (
    <button
      class="quote"
      type="button"
      title={words.goToQuoted}
      onClick={({ currentTarget }) => {
        const quoted = currentTarget.closest(".messages")?.querySelector<HTMLElement>(`[data-id="${props.messageId}"]`);
        quoted?.scrollIntoView({ block: "center" });
        quoted?.focus({ preventScroll: true });
      }}
    >
      <span class="only-heard">{words.answerTo}: </span>
      <Quote {...props} />
    </button>
  );
}
