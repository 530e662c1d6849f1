import { createContext } from "preact";
import { useContext } from "preact/hooks";

/**
 * Whether Tab comes by what a message holds. A list of messages is one stop: the arrows go from message to message, and Tab
 * goes on to the buttons of the one that was reached.
 */
export const Reach = createContext<0 | -1>(0);

export const useReach = (): 0 | -1 => useContext(Reach);

/** The message that a key leads to from where the focus is; null for any other key, and where there is none. */
export function messageReachedBy(event: KeyboardEvent, list: HTMLElement): HTMLElement | null {
  const { target, key } = event;
  // There the arrows move the caret, and with one of these keys they mean something else.
  if (!(target instanceof HTMLElement) || target.closest("textarea, dialog") !== null) return null;
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return null;
  const messages = Array.from(list.querySelectorAll<HTMLElement>("[data-id]"));
  const index = messages.findIndex((message) => message.contains(target));
  if (key === "ArrowUp") return messages[index - 1] ?? null;
  if (key === "ArrowDown") return messages[index + 1] ?? null;
  if (key === "Home") return messages[0] ?? null;
  return key === "End" ? (messages.at(-1) ?? null) : null;
}

export const messageAround = (target: EventTarget | null): string | undefined =>
  target instanceof Element ? target.closest<HTMLElement>("[data-id]")?.dataset["id"] : undefined;
