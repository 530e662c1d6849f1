import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ChatState, ClientState, Role } from "@chat/client/state";
import { useAttempt } from "./attempt.ts";
import { whileBusy } from "./busy.ts";
import type { Changes } from "./changes.ts";
import { Dialog, DialogEnd } from "./dialog.tsx";
import { useLanguage } from "./language.ts";
import { MemberRow } from "./member-row.tsx";
import { comparerOfNames, isolated, nameOfPerson } from "./names.ts";
import { Question } from "./question.tsx";

export interface MembersDialogProps {
  readonly changes: Changes;
  readonly state: ClientState;
  readonly chat: ChatState;
  /** Others are to come in. */
  readonly onAdd: () => void;
  readonly onClose: () => void;
}

/** What is asked for once more, and the button that it was asked for with. */
interface Asked {
  readonly about: "leaving" | "deleting" | { readonly removing: string };
  readonly question: string;
  readonly change: () => Promise<void>;
  readonly button: HTMLElement;
  /** Another one each time: who asks for something else is asked anew. */
  readonly number: number;
}

/** Who is in a group, who of them is there now, and what one may change of it: oneself first, the others by their names. */
export function MembersDialog({ changes, state, chat, onAdd, onClose }: MembersDialogProps) {
  const { words, code } = useLanguage();
  const [lastAsked, setAsked] = useState<Asked | null>(null);
  const { isBusy, problem, attempt } = useAttempt();
  const list = useRef<HTMLUListElement>(null);
  const goesBackTo = useRef<HTMLElement | null>(null);
  const { id: chatId } = chat.chat;
  const compare = comparerOfNames(code);
  const people = [...(chat.members ?? [])]
    .map(([id, { role }]) => ({ id, role, name: nameOfPerson(state, chat, id, words), isOwn: id === state.userId }))
    .sort((one, other) => Number(other.isOwn) - Number(one.isOwn) || compare(one.name, other.name));
  const isOwner = chat.myRole === "owner";
  const maySeeToMembers = isOwner || chat.myRole === "admin";
  const isRemovable = ({ role, isOwn }: (typeof people)[number]): boolean => !isOwn && mayRemove(chat.myRole, role);
  const isPossible = ({ about }: Asked): boolean => {
    if (about === "leaving") return true;
    return about === "deleting" ? isOwner : people.some((one) => one.id === about.removing && isRemovable(one));
  };
  // It may come to nothing while it is asked: somebody goes by himself, or a role is another one.
  const asked = lastAsked !== null && isPossible(lastAsked) ? lastAsked : null;
  useEffect(() => {
    if (asked !== null || lastAsked === null) return;
    goesBackTo.current = null;
    setAsked(null);
  }, [asked, lastAsked]);

  // What was pressed goes with him whom it is about.
  useLayoutEffect(() => {
    if (lastAsked === null) goesBackTo.current?.focus();
  }, [lastAsked]);

  const ask =
    (about: Asked["about"], question: string, change: () => Promise<void>) =>
    (button: HTMLElement): void =>
      setAsked((before) => ({ about, question, change, button, number: (before?.number ?? 0) + 1 }));

  function answer(isYes: boolean): void {
    if (asked === null) return;
    goesBackTo.current = isYes ? list.current : asked.button;
    setAsked(null);
    if (isYes) void attempt(asked.change);
  }

  return (
    <Dialog label={words.membersOfGroup} kind="members" onClose={onClose}>
      <h2>{words.membersOfGroup}</h2>
      {/* A thousand of them scroll, which is done by keyboard only where the focus can be. */}
      <ul class="people" aria-label={words.membersOfGroup} tabIndex={0} ref={list}>
        {people.map((person) => (
          <MemberRow
            key={person.id}
            {...{ state, isBusy, ...person }}
            onRole={
              isOwner && !person.isOwn ? (next) => void attempt(() => changes.setRole(chatId, person.id, next)) : null
            }
            onRemove={
              isRemovable(person)
                ? ask({ removing: person.id }, words.reallyRemoveMember(isolated(person.name)), () =>
                    changes.removeMember(chatId, person.id),
                  )
                : null
            }
          />
        ))}
      </ul>
      {chat.members === null && <p class="hint">…</p>}
      {/* Not taken away while a question stands in its place: what was pressed there has the focus again when that is answered. */}
      <div class="dialog-rest" hidden={asked !== null} onClickCapture={passOverSecondClick}>
        <div class="ways-out">
          <button
            class="link"
            type="button"
            {...whileBusy(isBusy)}
            onClick={({ currentTarget }) =>
              ask("leaving", words.reallyLeave, () => changes.leaveGroup(chatId))(currentTarget)
            }
          >
            {words.leaveGroup}
          </button>
          {isOwner && (
            <button
              class="link"
              type="button"
              {...whileBusy(isBusy)}
              onClick={({ currentTarget }) =>
                ask("deleting", words.reallyDeleteGroup, () => changes.deleteGroup(chatId))(currentTarget)
              }
            >
              {words.deleteGroup}
            </button>
          )}
        </div>
        <DialogEnd problem={problem}>
          {maySeeToMembers && (
            <button class="primary" type="button" onClick={onAdd}>
              {words.addMembers}
            </button>
          )}
        </DialogEnd>
      </div>
      {asked !== null && (
        <Question key={asked.number} question={asked.question} onYes={() => answer(true)} onNo={() => answer(false)} />
      )}
    </Dialog>
  );
}

/** The second half of a double click is meant for what stood there before it. */
function passOverSecondClick(event: MouseEvent): void {
  if (event.detail > 1) event.stopPropagation();
}

/** Of a group: an owner anybody, an admin all but owners; the server has the last word. */
const mayRemove = (own: Role | null, role: Role): boolean => own === "owner" || (own === "admin" && role !== "owner");
