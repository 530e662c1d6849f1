import { createContext } from "preact";
import { useContext } from "preact/hooks";

/**
 * Whether Tab comes by what a message holds. A list of messages is one stop: the arrows go from message to message, and Tab
 * goes on to the buttons of the one that was reached.
 */
export const Reach = createContext<0 | -1>(0);

export const useReach = (): 0 | -1 => useContext(Reach);

/** Moves the focus to the item of a list that a key leads to from where it is; nothing for any other key, and where there is none. */
export function moveFocusIn(list: HTMLElement, items: string, event: KeyboardEvent): void {
  const next = itemReachedBy(event, Array.from(list.querySelectorAll<HTMLElement>(items)));
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}

function itemReachedBy(event: KeyboardEvent, items: readonly HTMLElement[]): HTMLElement | undefined {
  const { target, key } = event;
  // There the arrows move the caret, and with one of these keys they mean something else.
  if (!(target instanceof HTMLElement) || target.closest("textarea, dialog") !== null) return undefined;
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return undefined;
  const index = items.findIndex((item) => item.contains(target));
  if (key === "ArrowUp") return items[index - 1];
  if (key === "ArrowDown") return items[index + 1];
  if (key === "Home") return items[0];
  return key === "End" ? items.at(-1) : undefined;
}

export const messageAround = (target: EventTarget | null): string | undefined =>
  target instanceof Element ? target.closest<HTMLElement>("[data-id]")?.dataset["id"] : undefined;
