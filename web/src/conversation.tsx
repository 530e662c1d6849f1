import { useLayoutEffect, useState } from "preact/hooks";
import type { ChatClient } from "@chat/client/chat-client";
import type { ChatState, ClientState } from "@chat/client/state";
import { Avatar } from "./avatar.tsx";
import type { Changes } from "./changes.ts";
import { useChosenFiles } from "./chosen-files.tsx";
import { Composer } from "./composer.tsx";
import type { Drafts } from "./drafts.ts";
import { useFileDrop } from "./file-drop.ts";
import { type GroupDialog, GroupDialogs } from "./group-dialogs.tsx";
import { useWords } from "./language.ts";
import { MessageList } from "./message-list.tsx";
import { NamesInText } from "./names-in-text.tsx";
import { idOfPicture, nameOfChat, nameOfPerson, partnerOf, pictureOfChat } from "./names.ts";

export interface ConversationProps {
  readonly client: ChatClient;
  readonly changes: Changes;
  readonly drafts: Drafts;
  readonly state: ClientState;
  readonly chat: ChatState;
  readonly isConnected: boolean;
  /** How large a file may be that is sent. */
  readonly maxFileBytes: number;
  readonly openings: number;
  readonly onBack: () => void;
}

export function Conversation(props: ConversationProps) {
  const { client, changes, drafts, state, chat, isConnected, maxFileBytes, openings, onBack } = props;
  const words = useWords();
  const draft = drafts.of(chat.chat.id);
  const chosen = useChosenFiles(draft.files, maxFileBytes);
  const { isOver, listeners } = useFileDrop(chosen.add);
  const [text, setText] = useState(draft.text);
  const [replyTo, setReplyTo] = useState(draft.replyTo);
  /** Counts what was sent here: whoever sends wants to see it. */
  const [sent, setSent] = useState(0);
  const [dialog, setDialog] = useState<GroupDialog | null>(null);

  // Before anything else is drawn: another chat may be next.
  useLayoutEffect(
    () => drafts.keep(chat.chat.id, { text, replyTo, files: chosen.files }),
    [drafts, chat.chat.id, text, replyTo, chosen.files],
  );

  return (
    <>
      <section class="conversation" aria-label={nameOfChat(state, chat, words)} tabIndex={-1} {...listeners}>
        <ConversationHead
          {...{ state, chat, onBack }}
          onProfile={() => setDialog("profile")}
          onMembers={() => setDialog("members")}
        />
        <MessageList {...{ client, changes, state, chat, sent }} edits={drafts.edits} onReply={setReplyTo} />
        <Composer
          {...{ state, chat, isConnected, openings, chosen, text, replyTo }}
          onText={setText}
          onNoReply={() => setReplyTo(null)}
          onTyping={() => client.typing(chat.chat.id)}
          onSend={(said) => {
            client.send(chat.chat.id, said, { replyTo, files: chosen.files });
            chosen.clear();
            setText("");
            setReplyTo(null);
            setSent(sent + 1);
          }}
        />
        {isOver && (
          <p class="drop-here" aria-hidden="true">
            {words.dropHere}
          </p>
        )}
      </section>
      <GroupDialogs {...{ changes, state, chat, dialog }} onDialog={setDialog} />
    </>
  );
}

interface HeadProps extends Pick<ConversationProps, "state" | "chat" | "onBack"> {
  /** A group's name or picture is to be another one. */
  readonly onProfile: () => void;
  /** Who is in a group is to be seen. */
  readonly onMembers: () => void;
}

function ConversationHead({ state, chat, onBack, onProfile, onMembers }: HeadProps) {
  const words = useWords();
  const typing = [...(state.typing.get(chat.chat.id) ?? [])].map((id) => nameOfPerson(state, chat, id, words));
  const name = nameOfChat(state, chat, words);
  const avatar = <Avatar id={idOfPicture(state, chat)} name={name} picture={pictureOfChat(state, chat)} />;
  const partner = partnerOf(state, chat);
  const isThere = partner !== undefined && state.online.has(partner);
  return (
    <header class="conversation-head">
      <button class="round back" type="button" aria-label={words.back} title={words.back} onClick={onBack}>
        ←
      </button>
      {mayRename(chat) ? (
        <button
          class="own-picture"
          type="button"
          aria-label={words.groupProfile}
          title={words.groupProfile}
          onClick={onProfile}
        >
          {avatar}
        </button>
      ) : (
        avatar
      )}
      <div>
        <h1 dir="auto">{name}</h1>
        <div class="below-name">
          {chat.chat.chat_type === "group" && (
            <button class="link" type="button" aria-haspopup="dialog" onClick={onMembers}>
              {words.members(chat.chat.member_ids.length)}
            </button>
          )}
          <p class="hint" aria-live="polite">
            {typing.length === 0 ? (
              isThere && words.online
            ) : (
              <>
                <NamesInText names={typing} /> {words.typing(typing.length)}
              </>
            )}
          </p>
        </div>
      </div>
    </header>
  );
}

/** A group's owner and admins may; the server has the last word. */
const mayRename = ({ chat, myRole }: ChatState): boolean =>
  chat.chat_type === "group" && (myRole === "owner" || myRole === "admin");
