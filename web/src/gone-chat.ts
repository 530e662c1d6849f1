import { useEffect, useRef, useState } from "preact/hooks";
import { isFocusLost } from "./kept-focus.ts";

interface NamedChat {
  readonly id: string;
  readonly name: string;
}

/**
 * The chat that was open until this user was not in it any more, whoever did that; null once another one is open. It is
 * left: let in again, one opens it when one wants to. The focus goes to the list of chats when it was in what is gone.
 */
export function useGoneChat(openedId: string | null, name: string | null, leave: () => void): NamedChat | null {
  const last = useRef<NamedChat | null>(null);
  const [gone, setGone] = useState<NamedChat | null>(null);

  useEffect(() => {
    if (openedId === null) return;
    if (name !== null) {
      last.current = { id: openedId, name };
      setGone(null);
    } else if (last.current?.id === openedId) {
      setGone(last.current);
      last.current = null;
      leave();
      if (isFocusLost()) document.querySelector<HTMLElement>(".chat-list")?.focus();
    }
  }, [openedId, name]);

  return gone;
}
