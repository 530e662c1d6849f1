/**
 * The JSON pointer to a text in `value` that cannot be stored, or null. Postgres refuses NUL, and UTF-8 has no form for
 * a lone surrogate: let in, either would become an event that no projector can ever write.
 * Walks with a list, not by recursion; the depth is bounded by whoever parsed the value.
 */
export function findUnstorableText(value: unknown): string | null {
  const waiting: { readonly value: unknown; readonly pointer: string }[] = [{ value, pointer: "" }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next.value === "string") {
      if (!isStorable(next.value)) return next.pointer;
    } else if (typeof next.value === "object" && next.value !== null) {
      for (const [name, child] of Object.entries(next.value)) {
        const pointer = `${next.pointer}/${escapePointer(name)}`;
        if (!isStorable(name)) return pointer.toWellFormed();
        waiting.push({ value: child, pointer });
      }
    }
  }
  return null;
}

export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** One step of a JSON pointer (RFC 6901). */
export function escapePointer(name: string): string {
  return name.includes("~") || name.includes("/") ? name.replaceAll("~", "~0").replaceAll("/", "~1") : name;
}
