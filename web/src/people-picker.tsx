import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { UserObject } from "@chat/shared/api/user-object";
import { Avatar } from "./avatar.tsx";
import type { Changes } from "./changes.ts";
import { useWords } from "./language.ts";

/** Time to type the next letter before the server is asked. */
const PAUSE_MS = 200;

export interface PeoplePickerProps {
  readonly changes: Changes;
  readonly chosen: readonly UserObject[];
  /** Who is in already cannot be chosen. */
  readonly isIn?: (userId: string) => boolean;
  readonly onChoose: (chosen: readonly UserObject[]) => void;
  readonly onProblem: (problem: string) => void;
  /** Between the search and what it finds. */
  readonly children?: ComponentChildren;
}

/** Finds people by name. Those who were chosen stay in sight whatever is looked for next. */
export function PeoplePicker(props: PeoplePickerProps) {
  const { changes, chosen, isIn = () => false, onChoose, onProblem, children } = props;
  const words = useWords();
  const [query, setQuery] = useState("");
  const [found, setFound] = useState<readonly UserObject[] | null>(null);

  useEffect(() => {
    let isOver = false;
    const asking = setTimeout(() => {
      changes.findPeople(query).then(
        (people) => {
          if (isOver) return;
          setFound(people);
          onProblem("");
        },
        () => onProblem(words.unreachable),
      );
    }, PAUSE_MS);
    return () => {
      isOver = true;
      clearTimeout(asking);
    };
  }, [changes, query, words]);

  const isChosen = (user: UserObject): boolean => chosen.some(({ id }) => id === user.id);
  const toggle = (user: UserObject): void =>
    onChoose(isChosen(user) ? chosen.filter(({ id }) => id !== user.id) : [...chosen, user]);
  const shown = [...chosen, ...(found ?? []).filter((user) => !isChosen(user))];
  const hasNamesake = (user: UserObject): boolean => shown.some(({ id, name }) => id !== user.id && name === user.name);

  return (
    <>
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
      {children}
      <ul class="people">
        {shown.map((user) => (
          <li key={user.id}>
            <label class="person">
              <input
                type="checkbox"
                checked={isIn(user.id) || isChosen(user)}
                disabled={isIn(user.id)}
                onChange={() => toggle(user)}
              />
              <Avatar id={user.id} name={user.name} picture={user.avatar} kind="small" />
              <span class="person-name" dir="auto">
                {user.name}
              </span>
              {isIn(user.id) ? (
                <span class="hint">{words.isIn}</span>
              ) : (
                hasNamesake(user) && <span class="hint">{whichOne(user)}</span>
              )}
            </label>
          </li>
        ))}
      </ul>
      {found?.length === 0 && <p class="hint">{words.nobodyFound}</p>}
    </>
  );
}

/** What tells two people of one name apart. */
const whichOne = ({ id, city }: UserObject): string => (city === null ? `#${id}` : `${city} #${id}`);
