import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useWords } from "./language.ts";

export interface EditProps {
  readonly text: string;
  readonly onSave: (text: string) => void;
  readonly onCancel: () => void;
}

/** Enter begins a line; Escape leaves the message as it was. */
export function EditMessage({ text, onSave, onCancel }: EditProps) {
  const words = useWords();
  const field = useRef<HTMLTextAreaElement>(null);
  const [edited, setEdited] = useState(text);

  // A browser heeds `autofocus` only in what it has loaded, not in what is drawn later.
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(text.length, text.length);
  }, []);

  return (
    <form
      class="edit"
      onSubmit={(event) => {
        event.preventDefault();
        if (edited.trim() !== "") onSave(edited);
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") onCancel();
      }}
    >
      <textarea
        aria-label={words.edit}
        value={edited}
        ref={field}
        onInput={({ currentTarget }) => setEdited(currentTarget.value)}
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
