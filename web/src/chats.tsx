import { useMemo, useState } from "preact/hooks";
import type { AccountStore } from "./account.ts";
import { createChanges } from "./changes.ts";
import { ChatList } from "./chat-list.tsx";
import { Conversation } from "./conversation.tsx";
import { useWords } from "./language.ts";
import { NewChat } from "./new-chat.tsx";
import { useChat } from "./use-chat.ts";

/** Everything that somebody sees who is signed in: the list beside one conversation, or one of both where it is narrow. */
export function Chats({ accounts, url }: { readonly accounts: AccountStore; readonly url: string }) {
  const words = useWords();
  const { client, state, connection } = useChat(accounts, url);
  const changes = useMemo(() => createChanges(url, accounts.credentials), [accounts, url]);
  const [openedId, setOpenedId] = useState<string | null>(null);
  const [isChoosing, setIsChoosing] = useState(false);
  const opened = openedId === null ? undefined : state.chats.get(openedId);

  const open = (chatId: string): void => {
    setOpenedId(chatId);
    void client.open(chatId);
  };

  return (
    <main class={`chats ${opened === undefined ? "shows-list" : "shows-conversation"}`}>
      <p class={`connection ${connection}`} role="status">
        {connection === "disconnected" ? words.disconnected : connection === "connecting" ? words.connecting : ""}
      </p>
      <ChatList
        {...{ state, openedId }}
        onOpen={open}
        onNew={() => setIsChoosing(true)}
        onSignOut={() => void accounts.signOut()}
      />
      {opened === undefined ? (
        <p class="nothing-opened">{words.chooseChat}</p>
      ) : (
        <Conversation
          key={opened.chat.id}
          {...{ client, changes, state, chat: opened, isConnected: connection === "connected" }}
          onBack={() => setOpenedId(null)}
        />
      )}
      {isChoosing && (
        <NewChat
          changes={changes}
          onClose={() => setIsChoosing(false)}
          onMade={(chatId) => {
            setIsChoosing(false);
            open(chatId);
          }}
        />
      )}
    </main>
  );
}
