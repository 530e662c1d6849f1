import { useRef, useState } from "preact/hooks";
import { useWords } from "./language.ts";

export interface ComposerProps {
  /** What is sent without a connection waits for one: nobody is kept from writing. */
  readonly isConnected: boolean;
  readonly onSend: (text: string) => void;
  readonly onTyping: () => void;
}

/** Enter sends, with Shift it begins a line. */
export function Composer({ isConnected, onSend, onTyping }: ComposerProps) {
  const words = useWords();
  const form = useRef<HTMLFormElement>(null);
  const [text, setText] = useState("");

  return (
    <form
      class="composer"
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() === "") return;
        onSend(text.trim());
        setText("");
      }}
    >
      <textarea
        aria-label={words.message}
        placeholder={words.message}
        rows={1}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          if (isConnected && currentTarget.value !== "") onTyping();
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          form.current?.requestSubmit();
        }}
      />
      <button class="primary" disabled={text.trim() === ""}>
        {words.send}
      </button>
    </form>
  );
}
