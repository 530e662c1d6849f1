import { useLayoutEffect } from "preact/hooks";

/**
 * What has the focus may go when its surroundings are drawn anew, and with it the place of whoever goes on by keyboard. Then
 * the focus moves to what `next` finds; nothing happens as long as it stays inside.
 */
export function useKeptFocus(
  container: { readonly current: HTMLElement | null },
  next: (container: HTMLElement) => HTMLElement | null,
): void {
  const was = container.current;
  const wasInside = was?.contains(document.activeElement) === true;
  useLayoutEffect(() => {
    if (wasInside && was.isConnected && !was.contains(document.activeElement)) next(was)?.focus();
  });
}

/** Whether whatever had the focus is gone. */
export const isFocusLost = (): boolean => document.activeElement === null || document.activeElement === document.body;
