/** What this window keeps across a reload; the browser forgets it with the window. */
export interface KeptTexts<Value> {
  /** Undefined when there is nothing. */
  read(): Value | undefined;
  write(value: Value): void;
  forget(): void;
}

/** More than anybody writes by hand, and far from what a browser has room for. */
const MAX_CHARACTERS = 500_000;

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
    forget: () => sessionStorage.removeItem(key),
  };
}
