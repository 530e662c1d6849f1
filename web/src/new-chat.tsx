import { useMemo, useState } from "preact/hooks";
import { newId } from "@chat/client/new-id";
import type { UserObject } from "@chat/shared/api/user-object";
import { useAttempt } from "./attempt.ts";
import { whileBusy } from "./busy.ts";
import type { Changes } from "./changes.ts";
import { Dialog, DialogEnd } from "./dialog.tsx";
import { useWords } from "./language.ts";
import { PeoplePicker } from "./people-picker.tsx";

export interface NewChatProps {
  readonly changes: Changes;
  readonly onClose: () => void;
  readonly onMade: (chatId: string) => void;
}

export function NewChat({ changes, onClose, onMade }: NewChatProps) {
  const words = useWords();
  const [title, setTitle] = useState("");
  const [chosen, setChosen] = useState<readonly UserObject[]>([]);
  const { isBusy, problem, tell, attempt } = useAttempt();
  /** Whoever asks again for the same, since no answer came, gets the chat that the first time made. */
  const key = useMemo(newId, [chosen, title]);

  async function make(): Promise<void> {
    const memberIds = chosen.map(({ id }) => id);
    await attempt(async () => onMade(await changes.createChat(memberIds, title, key)));
  }

  return (
    <Dialog label={words.newChat} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <h2>{words.newChat}</h2>
        <PeoplePicker {...{ changes, chosen }} onChoose={setChosen} onProblem={tell}>
          <p class="hint">{words.groupHint}</p>
        </PeoplePicker>
        {chosen.length > 1 && (
          <label>
            {words.groupName}
            <input
              value={title}
              required
              dir="auto"
              maxLength={200}
              onInput={({ currentTarget }) => setTitle(currentTarget.value)}
            />
          </label>
        )}
        <DialogEnd problem={problem}>
          <button class="primary" disabled={chosen.length === 0} {...whileBusy(isBusy)}>
            {words.create}
          </button>
        </DialogEnd>
      </form>
    </Dialog>
  );
}
