import { useEffect, useRef, useState } from "preact/hooks";
import type { MessageObject } from "@chat/shared/api/message-object";
import type { Changes } from "./changes.ts";
import { useWords } from "./language.ts";
import { NamesInText } from "./names-in-text.tsx";
import { wordsOfError } from "./problems.ts";
import { useReach } from "./roving.ts";

export interface ReadByProps {
  readonly changes: Changes;
  readonly message: MessageObject;
  /** Of others. */
  readonly count: number;
}

/** How many have read it, and when pressed who. */
export function ReadBy({ changes, message, count }: ReadByProps) {
  const words = useWords();
  const reach = useReach();
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  const text = message.is_read ? words.readByAll : count > 0 ? words.readBy(count) : words.sent;
  const kind = `ticks ${message.is_read ? "read" : ""}`;
  const sign = (
    <>
      <span aria-hidden="true">{message.is_read ? "✓✓" : count > 0 ? `✓${String(count)}` : "✓"}</span>
      <span class="only-heard">{text}</span>
    </>
  );
  if (!message.is_read && count === 0)
    return (
      <span class={kind} title={text}>
        {sign}
      </span>
    );
  return (
    <span
      class="read-by"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !isOpen) return;
        setIsOpen(false);
        button.current?.focus();
      }}
    >
      <button
        class={kind}
        type="button"
        tabIndex={reach}
        ref={button}
        title={text}
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      >
        {sign}
      </button>
      {isOpen && <Readers {...{ changes, count }} messageId={message.id} />}
    </span>
  );
}

interface ReadersProps {
  readonly changes: Changes;
  readonly messageId: string;
  /** When it grows, somebody is missing. */
  readonly count: number;
}

function Readers({ changes, messageId, count }: ReadersProps) {
  const words = useWords();
  const [names, setNames] = useState<readonly string[] | null>(null);
  const [problem, setProblem] = useState("");

  useEffect(() => {
    let isOver = false;
    changes.readersOf(messageId).then(
      (readers) => {
        if (isOver) return;
        setNames(readers.map(({ name }) => name ?? words.deletedUser));
        setProblem("");
      },
      (error: unknown) => {
        if (!isOver) setProblem(wordsOfError(error, words));
      },
    );
    return () => {
      isOver = true;
    };
  }, [changes, messageId, count, words]);

  return (
    <span class="readers" role="status">
      {problem !== "" ? (
        problem
      ) : names === null ? (
        "…"
      ) : (
        <>
          {words.readers}: <NamesInText names={names} />
        </>
      )}
    </span>
  );
}
