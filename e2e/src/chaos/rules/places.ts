import type { Report } from "./violations.ts";

/** Which message stands at which seq of a chat: all who ever say it, in answers, pages and frames, say the same. */
export interface Places {
  take(chat: string, seq: number, key: string, source: string): void;
  /** The history at rest is the last to be taken; whatever was told at another place of it never was. */
  finish(ends: ReadonlyMap<string, number>): void;
}

interface Known {
  readonly key: string;
  readonly source: string;
}

export function createPlaces(report: Report): Places {
  const chats = new Map<string, Map<number, Known>>();
  return {
    take(chat, seq, key, source) {
      let places = chats.get(chat);
      if (places === undefined) {
        places = new Map<number, Known>();
        chats.set(chat, places);
      }
      const known = places.get(seq);
      if (known === undefined) places.set(seq, { key, source });
      else if (known.key !== key)
        report("one order for all", `${chat} ${seq} is ${known.key} to ${known.source} and ${key} to ${source}`);
    },
    finish(ends) {
      for (const [chat, places] of chats) {
        const end = ends.get(chat) ?? 0;
        for (const [seq, { key, source }] of places) {
          if (seq > end)
            report("what failed did not happen", `${source} saw ${key} at ${chat} ${seq}, which is not there`);
        }
      }
    },
  };
}
