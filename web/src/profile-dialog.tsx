import { useEffect, useRef, useState } from "preact/hooks";
import { useAttempt } from "./attempt.ts";
import { Avatar } from "./avatar.tsx";
import { whileBusy } from "./busy.ts";
import type { Changes, Profiled } from "./changes.ts";
import { Dialog, DialogEnd } from "./dialog.tsx";
import { useWords } from "./language.ts";
import { ChangeRefused, wordsOfError } from "./problems.ts";
import type { Words } from "./words.ts";

export interface ProfileDialogProps {
  readonly changes: Changes;
  readonly of: Profiled;
  /** What it is to whoever sees it: one's profile, or a group's. */
  readonly label: string;
  readonly nameLabel: string;
  readonly maxNameLength: number;
  readonly id: string;
  readonly name: string;
  readonly picture: string | null;
  readonly onClose: () => void;
}

/** A name and a picture as others see them, and how to have other ones. */
export function ProfileDialog(props: ProfileDialogProps) {
  const { changes, of, label, nameLabel, maxNameLength, id, name, picture, onClose } = props;
  const words = useWords();
  const input = useRef<HTMLInputElement>(null);
  /** Null: nothing else than what it is called, whoever calls it so. */
  const [typed, setTyped] = useState<string | null>(null);
  const { isBusy, problem, attempt } = useAttempt();
  const wanted = typed?.trim() ?? name;
  const isNew = wanted !== "" && wanted !== name;

  useEffect(() => setTyped((last) => (last?.trim() === name ? null : last)), [name]);

  const choose = (): void => {
    if (!isBusy) input.current?.click();
  };

  return (
    <Dialog label={label} kind="profile" onClose={onClose}>
      <Avatar {...{ id, name, picture }} kind="large" />
      <h2 dir="auto">{name}</h2>
      <form
        class="rename"
        onSubmit={(event) => {
          event.preventDefault();
          if (isNew) void attempt(() => changes.rename(of, wanted));
        }}
      >
        <label>
          {nameLabel}
          <input
            value={typed ?? name}
            required
            dir="auto"
            maxLength={maxNameLength}
            autocomplete="off"
            onInput={({ currentTarget: { value } }) => setTyped(value === name ? null : value)}
          />
        </label>
        <button aria-disabled={!isNew} {...whileBusy(isBusy)}>
          {words.save}
        </button>
      </form>
      <input
        ref={input}
        type="file"
        accept="image/*"
        hidden
        onChange={({ currentTarget }) => {
          const chosen = currentTarget.files?.[0];
          // The same file may be chosen once more.
          currentTarget.value = "";
          if (chosen !== undefined) void attempt(() => changes.setPicture(of, chosen), wordsOfPicture);
        }}
      />
      <DialogEnd problem={problem}>
        {picture !== null && (
          <button
            type="button"
            aria-label={words.removePicture}
            title={words.removePicture}
            {...whileBusy(isBusy)}
            onClick={() => void attempt(() => changes.removePicture(of))}
          >
            {words.remove}
          </button>
        )}
        <button class="primary" type="button" {...whileBusy(isBusy)} autofocus onClick={choose}>
          {words.choosePicture}
        </button>
      </DialogEnd>
    </Dialog>
  );
}

/** All that can be wrong with a picture is what it is. */
const wordsOfPicture = (error: unknown, words: Words): string =>
  error instanceof ChangeRefused && error.problem.code === "validation_failed"
    ? words.noPicture
    : wordsOfError(error, words);
