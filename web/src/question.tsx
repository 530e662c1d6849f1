import { useLayoutEffect, useRef } from "preact/hooks";
import { useWords } from "./language.ts";
import { useReach } from "./roving.ts";

export interface QuestionProps {
  readonly question: string;
  readonly onYes: () => void;
  readonly onNo: () => void;
}

/** Asks once more before what cannot be undone. */
export function Question({ question, onYes, onNo }: QuestionProps) {
  const words = useWords();
  const reach = useReach();
  const harmless = useRef<HTMLButtonElement>(null);
  // For whoever presses Enter once more.
  useLayoutEffect(() => harmless.current?.focus(), []);
  return (
    <div
      class="actions asking"
      role="group"
      aria-label={question}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        // It answers this question, and does not close the dialog that asks it.
        event.preventDefault();
        onNo();
      }}
    >
      <span>{question}</span>
      <button type="button" tabIndex={reach} onClick={onYes}>
        {words.yes}
      </button>
      <button type="button" tabIndex={reach} ref={harmless} onClick={onNo}>
        {words.no}
      </button>
    </div>
  );
}
