import { useState } from "preact/hooks";
import type { ChatState } from "@chat/client/state";
import type { UserObject } from "@chat/shared/api/user-object";
import { useAttempt } from "./attempt.ts";
import { whileBusy } from "./busy.ts";
import type { Changes } from "./changes.ts";
import { Dialog, DialogEnd } from "./dialog.tsx";
import { useWords } from "./language.ts";
import { PeoplePicker } from "./people-picker.tsx";

export interface AddMembersProps {
  readonly changes: Changes;
  readonly chat: ChatState;
  readonly onClose: () => void;
}

export function AddMembers({ changes, chat, onClose }: AddMembersProps) {
  const words = useWords();
  const [chosen, setChosen] = useState<readonly UserObject[]>([]);
  const { isBusy, problem, tell, attempt } = useAttempt();
  const isIn = (userId: string): boolean => chat.chat.member_ids.includes(userId);
  // Somebody else may let them in meanwhile.
  const outside = chosen.filter(({ id }) => !isIn(id));

  async function add(form: HTMLFormElement): Promise<void> {
    const userIds = outside.map(({ id }) => id);
    // It may have been closed meanwhile; then nothing is to follow.
    if (await attempt(() => changes.addMembers(chat.chat.id, userIds))) form.closest("dialog")?.close();
  }

  return (
    <Dialog label={words.addMembers} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void add(event.currentTarget);
        }}
      >
        <h2>{words.addMembers}</h2>
        <PeoplePicker {...{ changes, isIn }} chosen={outside} onChoose={setChosen} onProblem={tell} />
        <DialogEnd problem={problem}>
          <button class="primary" disabled={outside.length === 0} {...whileBusy(isBusy)}>
            {words.add}
          </button>
        </DialogEnd>
      </form>
    </Dialog>
  );
}
