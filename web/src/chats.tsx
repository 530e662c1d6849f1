import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { OutgoingMessage } from "@chat/client/state";
import type { AccountStore } from "./account.ts";
import { createChanges } from "./changes.ts";
import { ChatList } from "./chat-list.tsx";
import { SkipToComposer } from "./composer.tsx";
import { Conversation } from "./conversation.tsx";
import { Downloads } from "./downloads.ts";
import { createDrafts } from "./drafts.ts";
import { useNoStrayDrops } from "./file-drop.ts";
import { useMaxFileBytes } from "./file-limit.ts";
import { useGoneChat } from "./gone-chat.ts";
import { useWords } from "./language.ts";
import { NewChat } from "./new-chat.tsx";
import { isolated, nameOfChat, pictureOfPerson } from "./names.ts";
import { useOpenedChat } from "./opened-chat.ts";
import { ProfileDialog } from "./profile-dialog.tsx";
import { RefusedMessages } from "./refused-messages.tsx";
import { askBeforeLeaving, hasUnsent } from "./unsent.ts";
import { useChat } from "./use-chat.ts";

/** As the server has it. */
const MAX_NAME = 100;

/** Everything that somebody sees who is signed in: the list beside one conversation, or one of both where it is narrow. */
export function Chats({ accounts, url }: { readonly accounts: AccountStore; readonly url: string }) {
  const words = useWords();
  const { client, state, connection, unsent } = useChat(accounts, url);
  const changes = useMemo(() => createChanges(url, accounts.credentials), [accounts, url]);
  const drafts = useMemo(() => createDrafts(accounts.current()?.userId ?? ""), [accounts]);
  const { openedId, show, leave } = useOpenedChat();
  const [openings, setOpenings] = useState(0);
  /** Counts what went from a refused message into a draft, which its chat has to be drawn anew for. */
  const [takenBack, setTakenBack] = useState(0);
  const [dialog, setDialog] = useState<"new chat" | "profile" | null>(null);
  const isConnected = connection === "connected";
  const maxFileBytes = useMaxFileBytes(changes, isConnected);
  const downloading = useMemo(() => ({ download: client.download, isConnected }), [client, isConnected]);
  const opened = openedId === null ? undefined : state.chats.get(openedId);
  const gone = useGoneChat(openedId, opened === undefined ? null : nameOfChat(state, opened, words), leave);

  useNoStrayDrops();
  useEffect(() => askBeforeLeaving(() => hasUnsent(client.state()) || drafts.hasFiles()), [client, drafts]);
  const close = (): void => setDialog(null);
  const open = useCallback(
    (chatId: string): void => {
      show(chatId);
      setOpenings((before) => before + 1);
    },
    [show],
  );

  // Also what the browser's buttons and a reload lead to.
  useEffect(() => {
    if (openedId !== null) void client.open(openedId);
  }, [client, openedId]);

  function takeBack({ clientMessageId, chatId, text, replyTo }: OutgoingMessage): void {
    drafts.add(chatId, { text, replyTo, files: client.discard(clientMessageId) });
    setTakenBack(takenBack + 1);
    open(chatId);
  }

  function signOut(): void {
    if (hasUnsent(client.state()) && !confirm(words.unsentIsLost)) return;
    void client.stop();
    void accounts.signOut();
  }

  return (
    <Downloads.Provider value={downloading}>
      <main class={`chats ${opened === undefined ? "shows-list" : "shows-conversation"}`}>
        {opened !== undefined && <SkipToComposer />}
        <p class={`connection ${connection}`} role="status">
          {connection === "disconnected" && words.disconnected}
          {connection === "connecting" && words.connecting}
          {isConnected && gone !== null && !state.chats.has(gone.id) && words.noLongerIn(isolated(gone.name))}
        </p>
        <RefusedMessages
          {...{ state, unsent }}
          onEdit={takeBack}
          onDiscard={client.discard}
          onDiscardFile={client.discardFile}
        />
        <ChatList
          {...{ state, openedId }}
          onOpen={open}
          onNew={() => setDialog("new chat")}
          onProfile={() => setDialog("profile")}
          onSignOut={signOut}
        />
        {opened === undefined ? (
          <p class="nothing-opened">{words.chooseChat}</p>
        ) : (
          <Conversation
            key={`${opened.chat.id} ${String(takenBack)}`}
            {...{ client, changes, drafts, state, chat: opened, isConnected, maxFileBytes, openings }}
            onBack={leave}
          />
        )}
        {dialog === "new chat" && (
          <NewChat
            changes={changes}
            onClose={close}
            onMade={(chatId) => {
              close();
              open(chatId);
            }}
          />
        )}
        {dialog === "profile" && (
          <ProfileDialog
            {...{ changes }}
            of="/users/me"
            label={words.profile}
            nameLabel={words.name}
            maxNameLength={MAX_NAME}
            id={state.userId}
            name={state.users.get(state.userId)?.name ?? ""}
            picture={pictureOfPerson(state, state.userId)}
            onClose={close}
          />
        )}
      </main>
    </Downloads.Provider>
  );
}
