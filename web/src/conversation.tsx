import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ChatClient } from "@chat/client/chat-client";
import type { ChatState, ClientState } from "@chat/client/state";
import type { Changes } from "./changes.ts";
import { Composer } from "./composer.tsx";
import { useLanguage } from "./language.ts";
import { Message, OutgoingMessage } from "./message.tsx";
import { nameOfChat, nameOfPerson, partnerOf } from "./names.ts";
import { isAnotherDay, nameOfDay } from "./times.ts";

/** Closer to the end than this, one sees what is newest and wants to go on seeing it. */
const NEAR_END_PX = 80;
/** Earlier messages are asked for before the reader meets the top. */
const NEAR_TOP_PX = 400;

export interface ConversationProps {
  readonly client: ChatClient;
  readonly changes: Changes;
  readonly state: ClientState;
  readonly chat: ChatState;
  readonly isConnected: boolean;
  readonly onBack: () => void;
}

export function Conversation({ client, changes, state, chat, isConnected, onBack }: ConversationProps) {
  const { words, code } = useLanguage();
  const list = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const heightBefore = useRef(0);
  const isLoading = useRef(false);
  const [hasNew, setHasNew] = useState(false);
  const outgoing = state.outgoing.filter(({ chatId }) => chatId === chat.chat.id);
  const { messages } = chat;
  const first = messages[0];
  const begins = first === undefined || first.seq === 1;

  // What comes above moves nothing of what is being read; what comes below is followed by those who are at the end.
  useLayoutEffect(() => {
    const place = list.current;
    if (place === null) return;
    if (atEnd.current) place.scrollTop = place.scrollHeight;
    heightBefore.current = place.scrollHeight;
  }, [messages.at(-1)?.id, outgoing.length, chat.chat.id]);
  useLayoutEffect(() => {
    const place = list.current;
    if (place === null) return;
    if (!atEnd.current) place.scrollTop += place.scrollHeight - heightBefore.current;
    heightBefore.current = place.scrollHeight;
  }, [first?.id]);

  const read = (): void => {
    if (atEnd.current && document.visibilityState === "visible") client.markRead(chat.chat.id);
  };
  useEffect(() => {
    read();
    setHasNew(!atEnd.current && chat.unread > 0);
    document.addEventListener("visibilitychange", read);
    return () => document.removeEventListener("visibilitychange", read);
  });

  async function scrolled(place: HTMLElement): Promise<void> {
    atEnd.current = place.scrollHeight - place.scrollTop - place.clientHeight < NEAR_END_PX;
    if (atEnd.current) read();
    if (place.scrollTop > NEAR_TOP_PX || begins || isLoading.current) return;
    isLoading.current = true;
    // Without an answer it is asked for again when one scrolls.
    await client.loadOlder(chat.chat.id).catch(() => undefined);
    isLoading.current = false;
  }

  function goToEnd(): void {
    const place = list.current;
    if (place !== null) place.scrollTop = place.scrollHeight;
  }

  return (
    <main class="conversation">
      <ConversationHead {...{ state, chat, onBack }} />
      <div
        class="messages"
        ref={list}
        role="log"
        tabIndex={0}
        aria-label={nameOfChat(state, chat, words)}
        onScroll={({ currentTarget }) => void scrolled(currentTarget)}
      >
        <p class="hint">{messages.length === 0 ? words.nothingYet : begins ? words.beginning : words.earlier}</p>
        {messages.map((message, index) => {
          const before = messages[index - 1];
          const isNewDay = before === undefined || isAnotherDay(before.created_at, message.created_at);
          return (
            <div key={message.id} class="of-day">
              {isNewDay && <h3 class="day">{nameOfDay(message.created_at, code, words)}</h3>}
              <Message
                {...{ changes, state, chat, message }}
                isFollowing={!isNewDay && before?.sender_id === message.sender_id}
              />
            </div>
          );
        })}
        {outgoing.map((message) => (
          <OutgoingMessage key={message.clientMessageId} message={message} onDiscard={client.discard} />
        ))}
      </div>
      {hasNew && (
        <button class="to-end" type="button" onClick={goToEnd}>
          {words.newMessages} ↓
        </button>
      )}
      <Composer
        isConnected={isConnected}
        onTyping={() => client.typing(chat.chat.id)}
        onSend={(text) => {
          atEnd.current = true;
          client.send(chat.chat.id, text);
        }}
      />
    </main>
  );
}

type HeadProps = Pick<ConversationProps, "state" | "chat" | "onBack">;

function ConversationHead({ state, chat, onBack }: HeadProps) {
  const { words } = useLanguage();
  const typing = [...(state.typing.get(chat.chat.id) ?? [])].map((id) => nameOfPerson(state, chat, id, words));
  const partner = partnerOf(state, chat);
  const about =
    partner === undefined ? words.members(chat.chat.member_ids.length) : state.online.has(partner) ? words.online : "";
  return (
    <header class="conversation-head">
      <button class="round back" type="button" aria-label={words.back} title={words.back} onClick={onBack}>
        ←
      </button>
      <div>
        <h2>{nameOfChat(state, chat, words)}</h2>
        <p class="hint" aria-live="polite">
          {typing.length > 0 ? words.typing(typing) : about}
        </p>
      </div>
    </header>
  );
}
