import { useEffect, useRef, useState } from "preact/hooks";
import type { ClientState } from "@chat/client/state";
import { Avatar } from "./avatar.tsx";
import type { Changes } from "./changes.ts";
import { useWords } from "./language.ts";
import { pictureOfPerson } from "./names.ts";

export interface ProfileProps {
  readonly state: ClientState;
  readonly changes: Changes;
  readonly onClose: () => void;
}

/** One's own picture, as others see it. */
export function Profile({ state, changes, onClose }: ProfileProps) {
  const words = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const name = state.users.get(state.userId)?.name ?? "";

  useEffect(() => dialog.current?.showModal(), []);

  async function change(picture: File): Promise<void> {
    setIsBusy(true);
    setProblem("");
    try {
      await changes.setPicture(picture);
    } catch (error) {
      const isRefusal = error instanceof Error && !(error instanceof TypeError);
      setProblem(isRefusal ? error.message : words.unreachable);
    }
    setIsBusy(false);
  }

  return (
    <dialog ref={dialog} class="card profile" aria-label={words.profile} onClose={onClose}>
      <h2>{name}</h2>
      <Avatar id={state.userId} name={name} picture={pictureOfPerson(state, state.userId)} kind="large" />
      <input
        ref={input}
        type="file"
        accept="image/*"
        hidden
        onChange={({ currentTarget }) => {
          const picture = currentTarget.files?.[0];
          currentTarget.value = "";
          if (picture !== undefined) void change(picture);
        }}
      />
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="buttons">
        <button type="button" onClick={() => dialog.current?.close()}>
          {words.close}
        </button>
        <button class="primary" type="button" disabled={isBusy} autofocus onClick={() => input.current?.click()}>
          {words.choosePicture}
        </button>
      </div>
    </dialog>
  );
}
