import { useLayoutEffect, useRef } from "preact/hooks";
import { useWords } from "./language.ts";
import { storableText } from "./storable-text.ts";

export interface EditProps {
  readonly text: string;
  readonly takesFocus: boolean;
  readonly onText: (text: string) => void;
  readonly onSave: (text: string) => void;
  readonly onCancel: () => void;
}

/** Enter begins a line; Escape leaves the message as it was. */
export function EditMessage({ text, takesFocus, onText, onSave, onCancel }: EditProps) {
  const words = useWords();
  const field = useRef<HTMLTextAreaElement>(null);

  // A browser heeds `autofocus` only in what it has loaded, not in what is drawn later.
  useLayoutEffect(() => {
    if (!takesFocus) return;
    field.current?.focus();
    field.current?.setSelectionRange(text.length, text.length);
  }, []);

  return (
    <form
      class="edit"
      onSubmit={(event) => {
        event.preventDefault();
        const said = storableText(text);
        if (said.trim() !== "") onSave(said);
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") onCancel();
      }}
    >
      <textarea
        aria-label={words.edit}
        dir="auto"
        value={text}
        ref={field}
        onInput={({ currentTarget }) => onText(currentTarget.value)}
      />
      <div class="buttons">
        <button type="button" onClick={onCancel}>
          {words.cancel}
        </button>
        <button class="primary">{words.save}</button>
      </div>
    </form>
  );
}
