/** Kinds of trouble that are told apart; beyond it all are forgotten, and said once more. */
const maxKinds = 1_000;

export interface Sparingly {
  /** Null when the same was said a moment ago; else how often it has been left unsaid since. */
  unsaid(kind: string): number | null;
}

/** Keeps a log readable while the same goes wrong again and again: the first of a kind is said, then one per `everyMs`. */
export function createSparingly(everyMs: number, now: () => number): Sparingly {
  const kinds = new Map<string, { saidAt: number; unsaid: number }>();
  return {
    unsaid(kind) {
      const before = kinds.get(kind);
      if (before !== undefined && now() - before.saidAt < everyMs) {
        before.unsaid += 1;
        return null;
      }
      if (kinds.size >= maxKinds) kinds.clear();
      kinds.set(kind, { saidAt: now(), unsaid: 0 });
      return before?.unsaid ?? 0;
    },
  };
}
