import { useRef, useState } from "preact/hooks";
import { Avatar } from "./avatar.tsx";
import { whileBusy } from "./busy.ts";
import { Dialog, DialogEnd } from "./dialog.tsx";
import { useWords } from "./language.ts";
import { ChangeRefused, wordsOfError } from "./problems.ts";

export interface PictureDialogProps {
  /** What it is to whoever sees it: one's profile, or a group. */
  readonly label: string;
  readonly id: string;
  readonly name: string;
  readonly picture: string | null;
  readonly onChoose: (picture: File) => Promise<void>;
  readonly onRemove: () => Promise<void>;
  readonly onClose: () => void;
}

/** A picture as others see it, and how to have another one, or none. */
export function PictureDialog({ label, id, name, picture, onChoose, onRemove, onClose }: PictureDialogProps) {
  const words = useWords();
  const input = useRef<HTMLInputElement>(null);
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState("");

  async function attempt(change: () => Promise<void>): Promise<void> {
    if (isBusy) return;
    setIsBusy(true);
    setProblem("");
    try {
      await change();
    } catch (error) {
      const isNoPicture = error instanceof ChangeRefused && error.problem.code === "validation_failed";
      setProblem(isNoPicture ? words.noPicture : wordsOfError(error, words));
    }
    setIsBusy(false);
  }

  const choose = (): void => {
    if (!isBusy) input.current?.click();
  };

  return (
    <Dialog label={label} kind="profile" onClose={onClose}>
      <Avatar {...{ id, name, picture }} kind="large" />
      <h2 dir="auto">{name}</h2>
      <input
        ref={input}
        type="file"
        accept="image/*"
        hidden
        onChange={({ currentTarget }) => {
          const chosen = currentTarget.files?.[0];
          // The same file may be chosen once more.
          currentTarget.value = "";
          if (chosen !== undefined) void attempt(() => onChoose(chosen));
        }}
      />
      <DialogEnd problem={problem}>
        {picture !== null && (
          <button
            type="button"
            aria-label={words.removePicture}
            title={words.removePicture}
            {...whileBusy(isBusy)}
            onClick={() => void attempt(onRemove)}
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
