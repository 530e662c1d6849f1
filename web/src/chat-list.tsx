import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { chatsByActivity, type ChatState, type ClientState } from "@chat/client/state";
import { Avatar } from "./avatar.tsx";
import { useKeptFocus } from "./kept-focus.ts";
import { useLanguage } from "./language.ts";
import { memo } from "./memo.ts";
import { NamesInText } from "./names-in-text.tsx";
import { idOfPicture, nameOfChat, nameOfPerson, nameOfSender, partnerOf, type People } from "./names.ts";
import { pictureOfChat, pictureOfPerson } from "./names.ts";
import { moveFocusIn } from "./roving.ts";
import { shortTime } from "./times.ts";

export interface ChatListProps {
  readonly state: ClientState;
  readonly openedId: string | null;
  /** Another function draws all rows again. */
  readonly onOpen: (chatId: string) => void;
  readonly onNew: () => void;
  readonly onProfile: () => void;
  readonly onSignOut: () => void;
}

export function ChatList({ state, openedId, onOpen, onNew, onProfile, onSignOut }: ChatListProps) {
  const { words } = useLanguage();
  const chats = chatsByActivity(state);
  /** Where the focus was last in the list, or the chat that was opened since: there Tab comes to, and the arrows go from it. */
  const [reached, setReached] = useState(openedId);
  useEffect(() => setReached(openedId), [openedId]);
  const found = chats.findIndex(({ chat }) => chat.id === reached);
  const place = useRef(0);
  if (found !== -1) place.current = found;
  // Of a chat that is gone, the one that has come into its place.
  const current = chats[Math.min(place.current, chats.length - 1)];
  const list = useRef<HTMLUListElement>(null);
  useKeptFocus(list, (rows) => rows.querySelector("[tabindex='0']") ?? rows.closest("nav"));
  const { userId, users } = state;
  const people = useMemo(() => ({ userId, users }), [userId, users]);
  const today = new Date().toDateString();
  const ownName = users.get(userId)?.name ?? "";
  return (
    <nav class="chat-list" aria-label={words.chats} tabIndex={-1}>
      <header>
        <button class="own-picture" type="button" title={words.profile} aria-label={words.profile} onClick={onProfile}>
          <Avatar id={userId} name={ownName} picture={pictureOfPerson(people, userId)} kind="small" />
        </button>
        <h1>{words.chats}</h1>
        <button class="round" type="button" title={words.newChat} aria-label={words.newChat} onClick={onNew}>
          +
        </button>
        <button class="link" type="button" onClick={onSignOut}>
          {words.signOut}
        </button>
      </header>
      {chats.length === 0 && <p class="hint">{words.noChats}</p>}
      <ul ref={list} onKeyDown={(event) => moveFocusIn(event.currentTarget, "[data-chat]", event)}>
        {chats.map((chat) => (
          <li key={chat.chat.id} onFocusIn={() => setReached(chat.chat.id)}>
            <ChatRow
              {...{ people, chat, today, onOpen }}
              isThere={state.online.has(partnerOf(people, chat) ?? "")}
              typing={state.typing.get(chat.chat.id) ?? NOBODY}
              isOpened={chat.chat.id === openedId}
              isStop={chat === current}
            />
          </li>
        ))}
      </ul>
    </nav>
  );
}

interface ChatRowProps {
  readonly people: People;
  readonly chat: ChatState;
  /** As `Date.toDateString` says it. */
  readonly today: string;
  /** The other one of a private chat is. */
  readonly isThere: boolean;
  readonly typing: ReadonlySet<string>;
  readonly isOpened: boolean;
  readonly isStop: boolean;
  readonly onOpen: (chatId: string) => void;
}

const NOBODY: ReadonlySet<string> = new Set();

/** There may be thousands of them, and each event is of one. */
const ChatRow = memo(function ChatRow(props: ChatRowProps) {
  const { people, chat, today, isThere, typing, isOpened, isStop, onOpen } = props;
  const { words, code } = useLanguage();
  const name = nameOfChat(people, chat, words);
  const last = chat.messages.at(-1);
  return (
    <button
      class="chat-row"
      type="button"
      data-chat={chat.chat.id}
      tabIndex={isStop ? 0 : -1}
      aria-current={isOpened}
      onClick={() => onOpen(chat.chat.id)}
    >
      <Avatar id={idOfPicture(people, chat)} name={name} picture={pictureOfChat(people, chat)} isOnline={isThere} />
      <span class="chat-name" dir="auto">
        {name}
        {isThere && <span class="only-heard">, {words.online}</span>}
      </span>
      <time class="when" dateTime={last?.created_at}>
        {last !== undefined && shortTime(last.created_at, code, new Date(today))}
      </time>
      <span class="last-message" dir="auto">
        <LastWords {...{ people, chat, typing }} />
      </span>
      {chat.unread > 0 && (
        <span class="unread">
          <span aria-hidden="true">{chat.unread}</span>
          <span class="only-heard">{words.unread(chat.unread)}</span>
        </span>
      )}
    </button>
  );
});

/** They run in the direction of what was said, whoever's name stands before it. */
function LastWords({ people, chat, typing }: Pick<ChatRowProps, "people" | "chat" | "typing">) {
  const { words } = useLanguage();
  if (typing.size > 0)
    return (
      <>
        <NamesInText names={[...typing].map((id) => nameOfPerson(people, chat, id, words))} />{" "}
        {words.typing(typing.size)}
      </>
    );
  const last = chat.messages.at(-1);
  if (last === undefined) return <>{words.nothingYet}</>;
  const text = last.deleted ? words.deletedMessage : last.text;
  if (last.sender_id !== people.userId && chat.chat.chat_type === "private") return <>{text}</>;
  return (
    <>
      <bdi>{nameOfSender(people, chat, last.sender_id, words)}</bdi>: {text}
    </>
  );
}
