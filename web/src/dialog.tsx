import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { isFocusLost, useKeptFocus } from "./kept-focus.ts";
import { useWords } from "./language.ts";

export interface DialogProps {
  readonly label: string;
  /** For the style sheet. */
  readonly kind?: string;
  /** However it was closed. */
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A card above everything else, from when it is drawn until it is closed. */
export function Dialog({ label, kind = "", onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  useKeptFocus(dialog, (shown) => shown.querySelector("[autofocus]") ?? shown.querySelector("[tabindex='0']"));
  // It goes back to what the dialog was opened with, which may be there no more.
  useEffect(
    () => () => {
      if (isFocusLost()) document.querySelector<HTMLElement>(".conversation")?.focus();
    },
    [],
  );
  return (
    <dialog ref={dialog} class={`card ${kind}`} aria-label={label} onClose={onClose}>
      {children}
    </dialog>
  );
}

export interface DialogEndProps {
  /** Why what was asked for did not happen; nothing when empty. */
  readonly problem: string;
  /** The buttons beside the one that closes. */
  readonly children: ComponentChildren;
}

/** The lower end of a dialog: what went wrong, and the buttons. */
export function DialogEnd({ problem, children }: DialogEndProps) {
  const words = useWords();
  return (
    <>
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="buttons">
        <button type="button" onClick={({ currentTarget }) => currentTarget.closest("dialog")?.close()}>
          {words.close}
        </button>
        {children}
      </div>
    </>
  );
}
