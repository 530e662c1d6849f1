import { useLayoutEffect, useRef } from "preact/hooks";
import { useWords } from "./language.ts";
import { isSendKey } from "./send-key.ts";
import { storableText } from "./storable-text.ts";

export interface EditProps {
  readonly text: string;
  /** What the message says by now, when it was changed elsewhere since the change was begun; null when it was not. */
  readonly meanwhile: string | null;
  readonly takesFocus: boolean;
  readonly onText: (text: string) => void;
  readonly onSave: (text: string) => void;
  readonly onCancel: () => void;
}

/** Enter saves, with Shift it begins a line; Escape leaves the message as it was. */
export function EditMessage({ text, meanwhile, takesFocus, onText, onSave, onCancel }: EditProps) {
  const words = useWords();
  const form = useRef<HTMLFormElement>(null);
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
      ref={form}
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
        onKeyDown={(event) => {
          if (!isSendKey(event)) return;
          event.preventDefault();
          form.current?.requestSubmit();
        }}
      />
      <div class="meanwhile" role="status">
        {meanwhile !== null && (
          <>
            <p class="problem">{words.changedMeanwhile}</p>
            <p class="text" dir="auto" tabIndex={0}>
              {meanwhile}
            </p>
          </>
        )}
      </div>
      <div class="buttons">
        <button type="button" onClick={onCancel}>
          {words.cancel}
        </button>
        <button class="primary">{meanwhile === null ? words.save : words.saveAnyway}</button>
      </div>
    </form>
  );
}
