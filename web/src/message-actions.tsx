import type { Ref } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useWords } from "./language.ts";
import { useReach } from "./roving.ts";

export interface MessageActionsProps {
  readonly mayEdit: boolean;
  readonly mayDelete: boolean;
  readonly editButton: Ref<HTMLButtonElement>;
  readonly onReply: () => void;
  readonly onEdit: () => void;
  readonly onDelete: () => void;
}

/** What can be done with a message. What cannot be undone is asked for twice. */
export function MessageActions({ mayEdit, mayDelete, editButton, onReply, onEdit, onDelete }: MessageActionsProps) {
  const words = useWords();
  const reach = useReach();
  const [isAsking, setIsAsking] = useState(false);
  const keepButton = useRef<HTMLButtonElement>(null);
  const deleteButton = useRef<HTMLButtonElement>(null);
  const wasAsking = useRef(false);

  useLayoutEffect(() => {
    // The harmless answer, for whoever presses Enter once more.
    if (isAsking) keepButton.current?.focus();
    else if (wasAsking.current) deleteButton.current?.focus();
    wasAsking.current = isAsking;
  }, [isAsking]);

  if (isAsking)
    return (
      <div
        class="actions asking"
        role="group"
        aria-label={words.reallyDelete}
        onKeyDown={(event) => {
          if (event.key === "Escape") setIsAsking(false);
        }}
      >
        <span>{words.reallyDelete}</span>
        <button
          type="button"
          tabIndex={reach}
          onClick={() => {
            setIsAsking(false);
            onDelete();
          }}
        >
          {words.yes}
        </button>
        <button type="button" tabIndex={reach} ref={keepButton} onClick={() => setIsAsking(false)}>
          {words.no}
        </button>
      </div>
    );
  return (
    <p class="actions">
      <button type="button" tabIndex={reach} onClick={onReply}>
        {words.reply}
      </button>
      {mayEdit && (
        <button type="button" tabIndex={reach} ref={editButton} onClick={onEdit}>
          {words.edit}
        </button>
      )}
      {mayDelete && (
        <button type="button" tabIndex={reach} ref={deleteButton} onClick={() => setIsAsking(true)}>
          {words.remove}
        </button>
      )}
    </p>
  );
}
