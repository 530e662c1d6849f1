import { useEffect, useRef } from "preact/hooks";
import type { ChatState, ClientState } from "@chat/client/state";
import { type Chosen, ChosenFiles } from "./chosen-files.tsx";
import { pastedFiles } from "./file-drop.ts";
import { useWords } from "./language.ts";
import { nameOfSender, namesOfFiles } from "./names.ts";
import { Quote } from "./quote.tsx";
import { isSendKey } from "./send-key.ts";
import { storableText, unitsTooMany } from "./storable-text.ts";

export interface ComposerProps {
  readonly state: ClientState;
  readonly chat: ChatState;
  /** What is sent without a connection waits for one: nobody is kept from writing. */
  readonly isConnected: boolean;
  /** Another number: the chat was opened once more. */
  readonly openings: number;
  readonly chosen: Chosen;
  readonly text: string;
  readonly onText: (text: string) => void;
  /** The message that is being answered. */
  readonly replyTo: string | null;
  readonly onNoReply: () => void;
  readonly onSend: (text: string) => void;
  readonly onTyping: () => void;
}

const COMPOSER_ID = "composer";
const TOO_LONG_ID = "too-long";
const WITHOUT_SCREEN_KEYBOARD = "(min-width: 45rem), (pointer: fine)";

/** Enter sends, with Shift it begins a line; Escape answers nobody. */
export function Composer(props: ComposerProps) {
  const { state, chat, isConnected, openings, chosen, text, onText, replyTo, onNoReply, onSend, onTyping } = props;
  const words = useWords();
  const form = useRef<HTMLFormElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const said = storableText(text).trim();
  const isEmpty = said === "" && chosen.files.length === 0;
  const tooMany = unitsTooMany(said);
  const quoted = chat.messages.find(({ id }) => id === replyTo);

  // Whoever opens a chat wants to write.
  useEffect(() => {
    focusComposer();
  }, [openings]);

  // Whoever has chosen what to answer or to send wants to write next.
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) field.current?.focus();
    isFirst.current = false;
  }, [replyTo, chosen.files.length]);

  return (
    <form
      class="composer"
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        if (isEmpty || tooMany > 0) return;
        onSend(said === "" ? namesOfFiles(chosen.files) : said);
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape" && replyTo !== null) onNoReply();
      }}
    >
      {replyTo !== null && (
        <div class="answering" role="group" aria-label={words.answerTo}>
          <p class="quote">
            <Quote {...{ quoted }} quotedName={nameOfSender(state, chat, quoted?.sender_id ?? "", words)} />
          </p>
          <button class="round" type="button" aria-label={words.noAnswer} title={words.noAnswer} onClick={onNoReply}>
            ×
          </button>
        </div>
      )}
      {(chosen.files.length > 0 || chosen.leftOut !== null) && <ChosenFiles chosen={chosen} />}
      <p class="problem" id={TOO_LONG_ID} role="status">
        {tooMany > 0 && words.tooLongBy(tooMany)}
      </p>
      <div class="writing">
        <button
          class="round attach"
          type="button"
          aria-label={words.attach}
          title={words.attach}
          onClick={() => input.current?.click()}
        >
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="m20 11-8.5 8.5a5 5 0 0 1-7-7L13 4a3.4 3.4 0 0 1 4.8 4.8l-8.3 8.3a1.7 1.7 0 0 1-2.4-2.4L14.5 7.3" />
          </svg>
        </button>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          onChange={({ currentTarget }) => {
            chosen.add([...(currentTarget.files ?? [])]);
            // The same file may be chosen once more.
            currentTarget.value = "";
          }}
        />
        <textarea
          ref={field}
          id={COMPOSER_ID}
          aria-label={words.message}
          placeholder={words.message}
          aria-describedby={TOO_LONG_ID}
          rows={1}
          dir="auto"
          value={text}
          onInput={({ currentTarget }) => {
            onText(currentTarget.value);
            if (isConnected && currentTarget.value !== "") onTyping();
          }}
          onPaste={(event) => {
            const files = pastedFiles(event);
            if (files.length === 0) return;
            event.preventDefault();
            chosen.add(files);
          }}
          onKeyDown={(event) => {
            if (!isSendKey(event)) return;
            event.preventDefault();
            form.current?.requestSubmit();
          }}
        />
        <button class="primary send" title={words.send} disabled={isEmpty || tooMany > 0}>
          <span>{words.send}</span>
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M12 20V4m-7 7 7-7 7 7" />
          </svg>
        </button>
      </div>
    </form>
  );
}

/** Unless that has a keyboard cover what is to be read. */
export function focusComposer(): void {
  if (matchMedia(WITHOUT_SCREEN_KEYBOARD).matches) document.getElementById(COMPOSER_ID)?.focus();
}

/** The way by keyboard past everything that stands before the composer; seen only when it has the focus. */
export function SkipToComposer() {
  const words = useWords();
  return (
    <button class="skip" type="button" onClick={() => document.getElementById(COMPOSER_ID)?.focus()}>
      {words.skipToComposer}
    </button>
  );
}
