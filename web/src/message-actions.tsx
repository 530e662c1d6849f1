import type { Ref } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useWords } from "./language.ts";
import { Question } from "./question.tsx";
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
  const deleteButton = useRef<HTMLButtonElement>(null);
  const wasAsking = useRef(false);

  useLayoutEffect(() => {
    if (!isAsking && wasAsking.current) deleteButton.current?.focus();
    wasAsking.current = isAsking;
  }, [isAsking]);

  if (isAsking)
    return (
      <Question
        question={words.reallyDelete}
        onYes={() => {
          setIsAsking(false);
          onDelete();
        }}
        onNo={() => setIsAsking(false)}
      />
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
