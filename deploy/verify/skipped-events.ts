import { isChatId } from "@chat/shared/ids";
import type { StoredEvent } from "@chat/shared/log/fenced-reader";
import type { RowReader } from "./queries/rows.ts";

/** Which events the rows were made without, found out from the log, `read.skipped` and the journal: never from the mark on a chat. */
export interface SkippedEvents {
  /**
   * Those of `events` that were skipped and are not in the rows. One that an operator has skipped once stands in the journal again when
   * a rebuild could project it: then it is an event as any other.
   */
  find(events: readonly StoredEvent[]): Promise<ReadonlySet<number>>;
  /** An event of this chat is passed over. */
  passOver(key: string): void;
  isIncomplete(chatId: string): boolean;
  incomplete(): ReadonlySet<string>;
  /** Offsets that are said to be skipped, and at which no event stood. */
  unmet(): ReadonlySet<number>;
}

/** Holds no more than `read.skipped` does, which operators fill by hand. */
export function createSkippedEvents(rows: RowReader, skipped: ReadonlySet<number>): SkippedEvents {
  const chats = new Set<string>();
  const unmet = new Set(skipped);

  return {
    async find(events) {
      const named = events.filter(({ offset }) => skipped.has(offset));
      if (named.length === 0) return new Set();
      const places = named.flatMap(({ key, offset }) => (isChatId(key) ? [{ chatId: key, offset }] : []));
      const projected = new Set((await rows.journal(places)).map(({ offset }) => offset));
      for (const { offset } of named) unmet.delete(offset);
      return new Set(named.map(({ offset }) => offset).filter((offset) => !projected.has(offset)));
    },
    passOver(key) {
      if (isChatId(key)) chats.add(key);
    },
    isIncomplete: (chatId) => chats.has(chatId),
    incomplete: () => chats,
    unmet: () => unmet,
  };
}
