import type { ChatState, ClientState } from "@chat/client/state";
import { AddMembers } from "./add-members.tsx";
import type { Changes } from "./changes.ts";
import { useWords } from "./language.ts";
import { MembersDialog } from "./members-dialog.tsx";
import { nameOfChat, pictureOfChat } from "./names.ts";
import { ProfileDialog } from "./profile-dialog.tsx";

/** What one may look at and change of a group. */
export type GroupDialog = "profile" | "members" | "add members";

export interface GroupDialogsProps {
  readonly changes: Changes;
  readonly state: ClientState;
  readonly chat: ChatState;
  readonly dialog: GroupDialog | null;
  readonly onDialog: (dialog: GroupDialog | null) => void;
}

/** As the server has it. */
const MAX_TITLE = 200;

/** Adding people stands above those who are in, and goes back there. */
export function GroupDialogs({ changes, state, chat, dialog, onDialog }: GroupDialogsProps) {
  const words = useWords();
  if (dialog === "profile")
    return (
      <ProfileDialog
        {...{ changes }}
        of={`/chats/${chat.chat.id}`}
        label={words.groupProfile}
        nameLabel={words.groupName}
        maxNameLength={MAX_TITLE}
        id={chat.chat.id}
        name={nameOfChat(state, chat, words)}
        picture={pictureOfChat(state, chat)}
        onClose={() => onDialog(null)}
      />
    );
  if (dialog === null) return null;
  return (
    <>
      <MembersDialog
        {...{ changes, state, chat }}
        onAdd={() => onDialog("add members")}
        onClose={() => onDialog(null)}
      />
      {dialog === "add members" && <AddMembers {...{ changes, chat }} onClose={() => onDialog("members")} />}
    </>
  );
}
