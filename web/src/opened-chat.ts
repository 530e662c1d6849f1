import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export interface OpenedChat {
  readonly openedId: string | null;
  /** Always the same function. */
  readonly show: (chatId: string) => void;
  /** Back to the list. */
  readonly leave: () => void;
}

/** Which chat is shown, as the browser's history has it: its Back leads from a chat to the list, and not out of the page. */
export function useOpenedChat(): OpenedChat {
  const [openedId, setOpenedId] = useState(chatOfHistory);
  const before = useRef(openedId);

  useEffect(() => {
    const moved = (): void => setOpenedId(chatOfHistory());
    window.addEventListener("popstate", moved);
    return () => window.removeEventListener("popstate", moved);
  }, []);

  // Where one comes from is where one goes on in the list.
  useEffect(() => {
    if (openedId === null && before.current !== null)
      document.querySelector<HTMLElement>(`[data-chat="${before.current}"]`)?.focus();
    before.current = openedId;
  }, [openedId]);

  const show = useCallback((chatId: string): void => {
    const entry = { chatId };
    // From chat to chat is no further way: there is one step back to the list.
    if (chatOfHistory() === null) history.pushState(entry, "");
    else history.replaceState(entry, "");
    setOpenedId(chatId);
  }, []);
  return { openedId, show, leave: () => history.back() };
}

/** For whoever signs out: the next account begins at its list. */
export const forgetPlace = (): void => history.replaceState(null, "");

/** Of the entry that is shown; null for one that is not of this page's making. */
function chatOfHistory(): string | null {
  const entry: unknown = history.state;
  if (typeof entry !== "object" || entry === null || !("chatId" in entry)) return null;
  return typeof entry.chatId === "string" ? entry.chatId : null;
}
