import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ChatClient } from "@chat/client/chat-client";
import { type ChatState, type ClientState, type OutgoingFile, readCount } from "@chat/client/state";
import type { Changes } from "./changes.ts";
import type { Edits } from "./edits.ts";
import { useWords } from "./language.ts";
import { memo } from "./memo.ts";
import { MessageRow } from "./message-row.tsx";
import { nameOfChat, nameOfSender } from "./names.ts";
import { OutgoingMessage } from "./outgoing-message.tsx";
import { messageAround, moveFocusIn } from "./roving.ts";
import { Uploads } from "./uploads.tsx";

/** Closer to the end than this, one sees what is newest and wants to go on seeing it. */
const NEAR_END_PX = 80;
/** Earlier messages are asked for before the reader meets the top. */
const NEAR_TOP_PX = 400;
/** What is further back takes another press: all between is loaded and drawn as well, 100 messages a page. */
const MAX_PAGES_SOUGHT = 20;
/** One and the same, so that no message is drawn again for it. */
const NO_UPLOADS: readonly OutgoingFile[] = [];

export interface MessageListProps {
  readonly client: ChatClient;
  readonly changes: Changes;
  readonly edits: Edits;
  readonly state: ClientState;
  readonly chat: ChatState;
  /** Another number: something was sent here, and is to be seen. */
  readonly sent: number;
  readonly onReply: (messageId: string) => void;
}

/** Whatever is typed below it, it stays as it is. */
export const MessageList = memo(function MessageList(props: MessageListProps) {
  const { client, changes, edits, state, chat, sent, onReply } = props;
  const words = useWords();
  const list = useRef<HTMLDivElement>(null);
  /** All that is in it. */
  const all = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const sentBefore = useRef(sent);
  const heightBefore = useRef(0);
  const firstBefore = useRef<string | undefined>(undefined);
  const loading = useRef<Promise<boolean> | null>(null);
  /** Is to be brought into sight when it is drawn. */
  const [sought, setSought] = useState<string | null>(null);
  const [hasNew, setHasNew] = useState(false);
  /** Of what others have said all up to here was in sight; in another window it may have been read further. */
  const seenUpTo = useRef(chat.readUpTo);
  /** Where the focus was last in the list. */
  const [reached, setReached] = useState<string | null>(null);
  const written = state.outgoing.filter(({ chatId }) => chatId === chat.chat.id);
  // What was refused stands elsewhere: here it would stay below everything that comes later.
  const outgoing = written.filter(({ status }) => status !== "refused");
  const uploads = state.uploads.filter(({ chatId }) => chatId === chat.chat.id);
  const uploadsOf = (id: string | null) => {
    const own = uploads.filter(({ clientMessageId }) => clientMessageId === id);
    return own.length === 0 ? NO_UPLOADS : own;
  };
  const { messages } = chat;
  const byId = useMemo(() => new Map(messages.map((message) => [message.id, message])), [messages]);
  const quoteOf = (id: string | null) => {
    const quoted = id === null ? undefined : byId.get(id);
    return { quoted, quotedName: quoted === undefined ? "" : nameOfSender(state, chat, quoted.sender_id, words) };
  };
  const mayDeleteAll = chat.chat.chat_type === "group" && chat.myRole !== "member" && chat.myRole !== null;
  const today = new Date().toDateString();
  const first = messages[0];
  const current = (reached === null ? undefined : byId.get(reached)) ?? messages.at(-1);
  const begins = first === undefined || first.seq === 1;
  const shown = new Set([
    ...messages.map(({ client_message_id: id }) => id),
    ...written.map(({ clientMessageId }) => clientMessageId),
  ]);
  const ofNoneShown = uploads.filter(({ clientMessageId }) => !shown.has(clientMessageId));

  // Who is at the end stays there; what comes above moves nothing of what somebody reads.
  useLayoutEffect(() => {
    const place = list.current;
    if (place === null) return;
    if (sentBefore.current !== sent) atEnd.current = true;
    sentBefore.current = sent;
    const grown = place.scrollHeight - heightBefore.current;
    if (atEnd.current) place.scrollTop = place.scrollHeight;
    else if (first?.id !== firstBefore.current) place.scrollTop += grown;
    heightBefore.current = place.scrollHeight;
    firstBefore.current = first?.id;
    const found = sought === null ? null : place.querySelector<HTMLElement>(`[data-id="${sought}"]`);
    if (found !== null) {
      atEnd.current = false;
      found.scrollIntoView({ block: "center" });
      found.focus({ preventScroll: true });
      setSought(null);
    }
    // Nobody can scroll where everything is in sight.
    if (place.scrollHeight <= place.clientHeight) void scrolled(place);
  }, [messages, outgoing.length, uploads.length, sent, sought]);

  // What is written below may take more of the place, and in it a message grows that is being changed, or asks something.
  useEffect(() => {
    const [place, content] = [list.current, all.current];
    if (place === null || content === null) return undefined;
    const watch = new ResizeObserver(() => {
      if (atEnd.current) place.scrollTop = place.scrollHeight;
      heightBefore.current = place.scrollHeight;
    });
    watch.observe(place);
    watch.observe(content);
    return () => watch.disconnect();
  }, []);

  const newest = messages.findLast(({ sender_id: sender }) => sender !== state.userId);
  /** What is on its way stands below what others say meanwhile, and may be taller than the place. */
  const newestOfOthers = (): HTMLElement | null =>
    newest === undefined ? null : (list.current?.querySelector(`[data-id="${newest.id}"]`) ?? null);
  const seesNewest = (): boolean => {
    const [it, place] = [newestOfOthers()?.getBoundingClientRect(), list.current?.getBoundingClientRect()];
    if (it === undefined || place === undefined) return atEnd.current;
    return it.bottom > place.top && it.bottom < place.bottom + NEAR_END_PX;
  };
  const read = (): void => {
    // What has come and is not drawn yet is read later.
    // Whose own messages alone are new has read nothing: to say so would be a second command for each of them.
    const { unread } = client.state().chats.get(chat.chat.id) ?? chat;
    if (unread > 0 && seesNewest() && document.visibilityState === "visible")
      client.markRead(chat.chat.id, chat.lastSeq);
  };
  const look = (): void => {
    read();
    const newestSeq = newest?.seq ?? 0;
    if (seesNewest()) seenUpTo.current = newestSeq;
    setHasNew(newestSeq > seenUpTo.current);
  };
  useEffect(() => {
    look();
    document.addEventListener("visibilitychange", read);
    return () => document.removeEventListener("visibilitychange", read);
  });

  async function scrolled(place: HTMLElement): Promise<void> {
    // A field that takes the focus scrolls before the watch has seen what grew with it: that is nobody's going away.
    if (place.scrollHeight === heightBefore.current)
      atEnd.current = place.scrollHeight - place.scrollTop - place.clientHeight < NEAR_END_PX;
    look();
    // Without an answer it is asked for again when one scrolls.
    if (place.scrollTop <= NEAR_TOP_PX && !begins) await loadOlder();
  }

  /** Once at a time, whoever asks; false when nothing came. */
  function loadOlder(): Promise<boolean> {
    const firstSeq = () => heldNow()[0]?.seq;
    const before = firstSeq();
    loading.current ??= client
      .loadOlder(chat.chat.id)
      .then(
        () => firstSeq() !== before,
        () => false,
      )
      .finally(() => (loading.current = null));
    return loading.current;
  }

  /** Of this chat, also what is not drawn yet. */
  const heldNow = () => client.state().chats.get(chat.chat.id)?.messages ?? [];

  const seek = useCallback(
    async (messageId: string): Promise<boolean> => {
      for (let pages = 0; !heldNow().some(({ id }) => id === messageId); pages += 1) {
        const isClosed = list.current === null;
        if (isClosed || pages === MAX_PAGES_SOUGHT || !(await loadOlder())) return false;
      }
      setSought(messageId);
      return true;
    },
    [client, chat.chat.id],
  );

  function goToEnd(): void {
    const place = list.current;
    if (place === null) return;
    place.scrollTop = place.scrollHeight;
    if (!seesNewest()) newestOfOthers()?.scrollIntoView({ block: "end" });
  }

  return (
    <>
      <div
        class="messages"
        ref={list}
        role="log"
        // A stop of its own only where it holds none.
        tabIndex={messages.length === 0 ? 0 : -1}
        aria-label={nameOfChat(state, chat, words)}
        onFocusIn={({ target }) => setReached(messageAround(target) ?? reached)}
        onKeyDown={(event) => moveFocusIn(event.currentTarget, "[data-id]", event)}
        onScroll={({ currentTarget }) => void scrolled(currentTarget)}
      >
        <div class="all" ref={all}>
          <p class="hint">{messages.length === 0 ? words.nothingYet : begins ? words.beginning : words.earlier}</p>
          {messages.map((message, index) => {
            const { id, sender_id: sender, reply_to: replyTo, client_message_id: sentAs } = message;
            const isOwn = sender === state.userId;
            return (
              <MessageRow
                key={id}
                {...{ changes, edits, message, isOwn, today, onReply }}
                {...quoteOf(replyTo)}
                before={messages[index - 1]}
                reach={message === current ? 0 : -1}
                name={nameOfSender(state, chat, sender, words)}
                mayDelete={isOwn || mayDeleteAll}
                readCount={isOwn ? (readCount(chat, message) ?? 0) : 0}
                uploads={isOwn ? uploadsOf(sentAs) : NO_UPLOADS}
                onDiscardFile={client.discardFile}
                onSeek={seek}
              />
            );
          })}
          {outgoing.map((message) => (
            <OutgoingMessage
              key={message.clientMessageId}
              {...{ message }}
              {...quoteOf(message.replyTo)}
              onSeek={seek}
              uploads={uploadsOf(message.clientMessageId)}
              onDiscardFile={client.discardFile}
            />
          ))}
          <Uploads files={ofNoneShown} onDiscard={client.discardFile} />
        </div>
      </div>
      {hasNew && (
        <button class="to-end" type="button" onClick={goToEnd}>
          {words.newMessages} ↓
        </button>
      )}
    </>
  );
});
