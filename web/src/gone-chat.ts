import { useEffect, useRef } from "preact/hooks";

/**
 * The name of the chat that was open until this user was not in it any more, whoever did that; null as long as there is none.
 * The focus was in it, and goes to the list of chats.
 */
export function useGoneChat(openedId: string | null, name: string | null): string | null {
  const last = useRef<{ readonly id: string; readonly name: string } | null>(null);
  if (openedId !== null && name !== null) last.current = { id: openedId, name };
  const gone = name === null && openedId !== null && last.current?.id === openedId ? last.current.name : null;

  useEffect(() => {
    if (gone !== null) document.querySelector<HTMLElement>(".chat-list")?.focus();
  }, [gone]);

  return gone;
}
