import { useRef } from "preact/hooks";
import type { ClientState, OutgoingFile, OutgoingMessage } from "@chat/client/state";
import { focusComposer } from "./composer.tsx";
import { useWords } from "./language.ts";
import { nameOfChat, namesOfFiles } from "./names.ts";
import { wordsOfProblem } from "./problems.ts";
import type { Unsent } from "./unsent.ts";
import { Uploads } from "./uploads.tsx";
import type { Words } from "./words.ts";

export interface RefusedMessagesProps {
  readonly state: ClientState;
  readonly unsent: Unsent;
  /** Its text is to be written anew, in its chat. */
  readonly onEdit: (message: OutgoingMessage) => void;
  readonly onDiscard: (clientMessageId: string) => void;
  readonly onDiscardFile: (key: string) => void;
}

/** What will not be tried again, until its writer has decided about it: whichever chat is open, and one in which one is no more. */
export function RefusedMessages({ state, ...props }: RefusedMessagesProps) {
  const words = useWords();
  const refused = state.outgoing.filter(({ status }) => status === "refused");
  const homeless = homelessFiles(state);
  if (refused.length + homeless.length === 0) return null;
  return (
    <section class="refused-messages" aria-label={words.refusedMessages}>
      <ul>
        {refused.map((message) => (
          <RefusedMessage key={message.clientMessageId} {...{ ...props, state, message }} />
        ))}
        {homeless.map((file) => (
          <li key={file.key}>
            <p class="problem" role="alert">
              <bdi>{props.unsent.nameOf(file.chatId)}</bdi>: {words.refused}. {words.notInChat}
            </p>
            <Uploads files={[file]} onDiscard={props.onDiscardFile} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Refused, when their message had arrived already: elsewhere it shows them, but the chat that it is in is no longer there. */
const homelessFiles = ({ chats, outgoing, uploads }: ClientState): readonly OutgoingFile[] =>
  uploads.filter(
    ({ status, chatId, clientMessageId }) =>
      status === "refused" &&
      !chats.has(chatId) &&
      !outgoing.some((message) => message.status === "refused" && message.clientMessageId === clientMessageId),
  );

interface RefusedMessageProps extends RefusedMessagesProps {
  readonly message: OutgoingMessage;
}

function RefusedMessage({ state, unsent, message, onEdit, onDiscard, onDiscardFile }: RefusedMessageProps) {
  const words = useWords();
  const text = useRef<HTMLParagraphElement>(null);
  const { clientMessageId, chatId } = message;
  const chat = state.chats.get(chatId);
  const name = chat === undefined ? unsent.nameOf(chatId) : nameOfChat(state, chat, words);
  const uploads = state.uploads.filter((file) => file.clientMessageId === clientMessageId);
  return (
    <li>
      <p class="problem" role="alert">
        {name !== undefined && (
          <>
            <bdi>{name}</bdi>:{" "}
          </>
        )}
        {words.refused}. {whyRefused(message, chat !== undefined, words)}
      </p>
      {message.text !== namesOfFiles(uploads) && (
        // Long ones scroll, which is done by keyboard only where the focus can be.
        <p class="text" dir="auto" ref={text} tabIndex={0}>
          {message.text}
        </p>
      )}
      <Uploads files={uploads} onDiscard={onDiscardFile} />
      <div class="buttons">
        {chat === undefined ? (
          <button type="button" onClick={() => void copy(message.text, text.current)}>
            {words.copy}
          </button>
        ) : (
          <button type="button" onClick={() => onEdit(message)}>
            {words.edit}
          </button>
        )}
        <button
          type="button"
          onClick={() => {
            onDiscard(clientMessageId);
            // The button that had the focus has gone.
            focusComposer();
          }}
        >
          {words.discard}
        </button>
      </div>
    </li>
  );
}

function whyRefused({ problem }: OutgoingMessage, isThere: boolean, words: Words): string {
  if (problem === null) return words.problems.other;
  const isGone = !isThere && (problem.code === "not_found" || problem.code === "forbidden");
  return isGone ? words.notInChat : wordsOfProblem(problem, words);
}

/** A page that came without TLS has no clipboard, and no page one that its reader denies it: what is selected is copied by hand. */
async function copy(text: string, place: HTMLElement | null): Promise<void> {
  if (place !== null) getSelection()?.selectAllChildren(place);
  const { clipboard } = navigator as Partial<Navigator>;
  await clipboard?.writeText(text).catch(() => undefined);
}
