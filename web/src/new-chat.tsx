import { useEffect, useMemo, useState } from "preact/hooks";
import { newId } from "@chat/client/new-id";
import type { UserObject } from "@chat/shared/api/user-object";
import { Avatar } from "./avatar.tsx";
import { whileBusy } from "./busy.ts";
import type { Changes } from "./changes.ts";
import { Dialog, DialogEnd } from "./dialog.tsx";
import { useWords } from "./language.ts";
import { wordsOfError } from "./problems.ts";

/** Time to type the next letter before the server is asked. */
const PAUSE_MS = 200;

export interface NewChatProps {
  readonly changes: Changes;
  readonly onClose: () => void;
  readonly onMade: (chatId: string) => void;
}

export function NewChat({ changes, onClose, onMade }: NewChatProps) {
  const words = useWords();
  const [query, setQuery] = useState("");
  const [title, setTitle] = useState("");
  const [found, setFound] = useState<readonly UserObject[] | null>(null);
  const [chosen, setChosen] = useState<readonly UserObject[]>([]);
  const [problem, setProblem] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  /** Whoever asks again for the same, since no answer came, gets the chat that the first time made. */
  const key = useMemo(newId, [chosen, title]);

  useEffect(() => {
    let isOver = false;
    const asking = setTimeout(() => {
      changes.findPeople(query).then(
        (people) => {
          if (!isOver) setFound(people);
        },
        () => setProblem(words.unreachable),
      );
    }, PAUSE_MS);
    return () => {
      isOver = true;
      clearTimeout(asking);
    };
  }, [changes, query, words]);

  const isChosen = (user: UserObject): boolean => chosen.some(({ id }) => id === user.id);
  const toggle = (user: UserObject): void =>
    setChosen(isChosen(user) ? chosen.filter(({ id }) => id !== user.id) : [...chosen, user]);

  async function make(): Promise<void> {
    if (isBusy) return;
    setIsBusy(true);
    setProblem("");
    const memberIds = chosen.map(({ id }) => id);
    try {
      onMade(await changes.createChat(memberIds, title, key));
    } catch (error) {
      setIsBusy(false);
      setProblem(wordsOfError(error, words));
    }
  }

  // Those who were chosen stay in sight whatever is looked for next.
  const shown = [...chosen, ...(found ?? []).filter((user) => !isChosen(user))];
  return (
    <Dialog label={words.newChat} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <h2>{words.newChat}</h2>
        <label>
          {words.findPeople}
          <input
            type="search"
            value={query}
            dir="auto"
            autofocus
            onInput={({ currentTarget }) => setQuery(currentTarget.value)}
          />
        </label>
        <p class="hint">{words.groupHint}</p>
        <ul class="people">
          {shown.map((user) => (
            <li key={user.id}>
              <label class="person">
                <input type="checkbox" checked={isChosen(user)} onChange={() => toggle(user)} />
                <Avatar id={user.id} name={user.name} picture={user.avatar} kind="small" />
                <span class="person-name" dir="auto">
                  {user.name}
                </span>
              </label>
            </li>
          ))}
        </ul>
        {found?.length === 0 && <p class="hint">{words.nobodyFound}</p>}
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
