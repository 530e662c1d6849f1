import { useContext, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { MessageObject } from "@chat/shared/api/message-object";
import type { OutgoingFile } from "@chat/client/state";
import { Attachments } from "./attachments.tsx";
import type { Changes } from "./changes.ts";
import { Downloads } from "./downloads.ts";
import { EditMessage } from "./edit-message.tsx";
import type { Edit, Edits } from "./edits.ts";
import { useLanguage } from "./language.ts";
import { MessageActions } from "./message-actions.tsx";
import { colourOf, namesOfFiles } from "./names.ts";
import { wordsOfError } from "./problems.ts";
import { QuoteAbove, type QuoteAboveProps, type QuoteProps } from "./quote.tsx";
import { ReadBy } from "./read-by.tsx";
import { useReach } from "./roving.ts";
import { storableText } from "./storable-text.ts";
import { TextWithLinks } from "./text-with-links.tsx";
import { timeOfDay } from "./times.ts";
import { Uploads } from "./uploads.tsx";

/** Of the chat and all else that is known a message is given only what it shows: it is drawn again when that changes. */
export interface MessageProps extends QuoteProps {
  readonly changes: Changes;
  readonly edits: Edits;
  readonly message: MessageObject;
  readonly isOwn: boolean;
  /** Of who said it. */
  readonly name: string;
  readonly mayDelete: boolean;
  /** How many others have read it; of own messages alone. */
  readonly readCount: number;
  /** The same person said what stands above it. */
  readonly isFollowing: boolean;
  /** Of its files those that are on their way from here. */
  readonly uploads: readonly OutgoingFile[];
  readonly onDiscardFile: (key: string) => void;
  readonly onReply: (messageId: string) => void;
  readonly onSeek: QuoteAboveProps["onSeek"];
}

export function Message(props: MessageProps) {
  const { changes, edits, message, isOwn, name, mayDelete, readCount, quoted, quotedName } = props;
  const { isFollowing, uploads, onDiscardFile, onReply, onSeek } = props;
  const { words, code } = useLanguage();
  const reach = useReach();
  /** What it is to say; null while nobody changes it. */
  const [edited, setEdited] = useState<Edit | null>(edits.of(message) ?? null);
  const isEditing = edited !== null;
  /** What was begun before a reload, or in an earlier look at this chat, takes the focus from nobody. */
  const isBegunHere = useRef(false);
  const [problem, setProblem] = useState("");

  // The focus was in what is no longer there: it goes back to where the editing began.
  const place = useRef<HTMLElement>(null);
  const editButton = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);
  useLayoutEffect(() => {
    if (wasEditing.current && !isEditing && hasNoFocus()) (editButton.current ?? place.current)?.focus();
    wasEditing.current = isEditing;
  }, [isEditing]);

  const wasDeletedHere = useRef(false);
  useLayoutEffect(() => {
    if (message.deleted) edits.drop(message.id);
    if (wasDeletedHere.current && message.deleted && hasNoFocus()) place.current?.focus();
  }, [message.deleted]);

  const edit = (text: string): void => {
    const begun = { text, before: edited?.before ?? message.text };
    edits.keep(message.id, begun);
    setEdited(begun);
  };
  const endEditing = (): void => {
    edits.drop(message.id);
    setEdited(null);
    setProblem("");
  };

  // What could not be asked can be asked now.
  const { isConnected } = useContext(Downloads);
  useEffect(() => {
    if (isConnected && problem === words.noConnection) setProblem("");
  }, [isConnected]);

  const attempt = (changing: Promise<void>): void => {
    changing.then(endEditing, (error: unknown) => setProblem(wordsOfError(error, words)));
  };

  return (
    <article
      class={`message ${isOwn ? "own" : "of-other"} ${isFollowing ? "following" : ""}`}
      data-id={message.id}
      ref={place}
      tabIndex={reach}
    >
      <h3 class={isFollowing || isOwn ? "only-heard" : colourOf(message.sender_id)} dir="auto">
        {name}
      </h3>
      {message.reply_to !== null && !message.deleted && (
        <QuoteAbove {...{ quoted, quotedName, onSeek }} messageId={message.reply_to} />
      )}
      {message.deleted ? (
        <p class="text deleted">{words.deletedMessage}</p>
      ) : edited !== null ? (
        <EditMessage
          text={edited.text}
          meanwhile={isOvertaken(edited, message.text) ? message.text : null}
          takesFocus={isBegunHere.current}
          onText={edit}
          onCancel={endEditing}
          onSave={(text) => attempt(changes.editMessage(message.id, text))}
        />
      ) : (
        message.text !== namesOfFiles([...message.files, ...uploads]) && (
          <p class="text" dir="auto">
            <TextWithLinks text={message.text} />
          </p>
        )
      )}
      {message.files.length > 0 && <Attachments files={message.files} />}
      <Uploads files={uploads} onDiscard={onDiscardFile} />
      <p class="about">
        {message.edited_at !== null && !message.deleted && <span>{words.edited}</span>}
        <time dateTime={message.created_at}>{timeOfDay(message.created_at, code)}</time>
        {isOwn && <ReadBy {...{ changes, message }} count={readCount} />}
      </p>
      {!message.deleted && !isEditing && (
        <MessageActions
          {...{ mayEdit: isOwn, mayDelete, editButton }}
          onReply={() => onReply(message.id)}
          onEdit={() => {
            isBegunHere.current = true;
            edit(message.text);
          }}
          onDelete={() => {
            wasDeletedHere.current = true;
            attempt(changes.deleteMessage(message.id));
          }}
        />
      )}
      {problem !== "" && !message.deleted && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </article>
  );
}

/** Not by what was saved here, of which the stream may tell before the answer does. */
const isOvertaken = ({ text, before }: Edit, now: string): boolean => now !== before && now !== storableText(text);

/** What had it has gone. */
const hasNoFocus = (): boolean => document.activeElement === null || document.activeElement === document.body;
