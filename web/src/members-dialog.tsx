import type { ChatState, ClientState } from "@chat/client/state";
import { Avatar } from "./avatar.tsx";
import { Dialog, DialogEnd } from "./dialog.tsx";
import { useLanguage } from "./language.ts";
import { comparerOfNames, nameOfPerson, pictureOfPerson } from "./names.ts";

export interface MembersDialogProps {
  readonly state: ClientState;
  readonly chat: ChatState;
  readonly onClose: () => void;
}

/** Who is in a group, and who of them is there now: oneself first, the others by their names. */
export function MembersDialog({ state, chat, onClose }: MembersDialogProps) {
  const { words, code } = useLanguage();
  const compare = comparerOfNames(code);
  const people = [...(chat.members?.keys() ?? [])]
    .map((id) => ({ id, name: nameOfPerson(state, chat, id, words), isOwn: id === state.userId }))
    .sort((one, other) => Number(other.isOwn) - Number(one.isOwn) || compare(one.name, other.name));
  return (
    <Dialog label={words.membersOfGroup} kind="members" onClose={onClose}>
      <h2>{words.membersOfGroup}</h2>
      {/* A thousand of them scroll, which is done by keyboard only where the focus can be. */}
      <ul class="people" aria-label={words.membersOfGroup} tabIndex={0}>
        {people.map(({ id, name, isOwn }) => (
          <li key={id} class="person">
            <Avatar
              {...{ id, name }}
              picture={pictureOfPerson(state, id)}
              kind="small"
              isOnline={state.online.has(id)}
            />
            <bdi class="person-name">{name}</bdi>
            <span class="hint">{isOwn ? words.you : state.online.has(id) ? words.online : ""}</span>
          </li>
        ))}
      </ul>
      {chat.members === null && <p class="hint">…</p>}
      <DialogEnd problem="">{null}</DialogEnd>
    </Dialog>
  );
}
