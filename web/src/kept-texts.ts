/** What this window keeps across a reload; the browser forgets it with the window. */
export interface KeptTexts<Value> {
  /** Undefined when there is nothing. */
  read(): Value | undefined;
  write(value: Value): void;
}

/** More than anybody writes by hand, and far from what a browser has room for. */
const MAX_CHARACTERS = 500_000;

/** `chat.<what it is>.<whose it is>` */
const KEY_OF_SOMEBODY = /^chat\.\w+\.(.*)$/;

/**
 * Forgets the texts of everybody but one: whoever signs out, in whichever window, leaves nothing to who comes next. Also in a
 * window that was closed meanwhile, and that the browser opens again with what was kept.
 */
export function forgetTextsOfOthers(userId: string | undefined): void {
  for (const key of Object.keys(sessionStorage)) {
    const owner = KEY_OF_SOMEBODY.exec(key)?.[1];
    if (owner !== undefined && owner !== userId) sessionStorage.removeItem(key);
  }
}

export function createKeptTexts<Value>(key: string): KeptTexts<Value> {
  return {
    read() {
      const text = sessionStorage.getItem(key);
      // Nobody but `write` writes it.
      return text === null ? undefined : (JSON.parse(text) as Value);
    },
    write(value) {
      const text = JSON.stringify(value);
      if (text.length > MAX_CHARACTERS) return;
      try {
        sessionStorage.setItem(key, text);
      } catch {
        // There is no room. It is still in this page, which asks before it is left.
      }
    },
  };
}
