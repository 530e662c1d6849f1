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
  const firstBefore = useRef<string | undefined>(undefined);
  const isLoading = useRef(false);
  const [hasNew, setHasNew] = useState(false);
  const outgoing = state.outgoing.filter(({ chatId }) => chatId === chat.chat.id);
  const { messages } = chat;
  const first = messages[0];
  const begins = first === undefined || first.seq === 1;

  // Who is at the end stays there; what comes above moves nothing of what somebody reads.
  useLayoutEffect(() => {
    const place = list.current;
    if (place === null) return;
    const grown = place.scrollHeight - heightBefore.current;
    if (atEnd.current) place.scrollTop = place.scrollHeight;
    else if (first?.id !== firstBefore.current) place.scrollTop += grown;
    heightBefore.current = place.scrollHeight;
    firstBefore.current = first?.id;
    // Nobody can scroll where everything is in sight.
    if (place.scrollHeight <= place.clientHeight) void scrolled(place);
  }, [first?.id, messages.at(-1)?.id, outgoing.length]);

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
    <section class="conversation" aria-label={nameOfChat(state, chat, words)}>
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
              {isNewDay && <h2 class="day">{nameOfDay(message.created_at, code, words)}</h2>}
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
    </section>
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
        <h1>{nameOfChat(state, chat, words)}</h1>
        <p class="hint" aria-live="polite">
          {typing.length > 0 ? words.typing(typing) : about}
        </p>
      </div>
    </header>
  );
}
