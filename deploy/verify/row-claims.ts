import type { MessageRow } from "./queries/rows.ts";

/** A message's row says that the event of this version gave it its text, or a file, and no such event has been read. */
export interface Claim {
  readonly chatId: string;
  readonly seq: number;
  readonly version: number;
  readonly of: "text" | "file";
}

/**
 * Rows are as they were at the end, and the log is read from its beginning: what a message's row owes to a later event is
 * kept here until that event comes. What is left, once all has been read that the rows hold, no event explains.
 */
export interface RowClaims {
  /** Of the message's first event, whose version is `sent`. */
  begin(row: MessageRow, sent: number): void;
  settle(claim: Claim): void;
  left(): Generator<Claim>;
  /** Claims that are open: messages whose later change is yet to be read, and their files. */
  held(): number;
}

interface ChatClaims {
  /** Versions by seq: numbers alone, since of one chat there may be very many. */
  readonly text: Map<number, number>;
  readonly file: Set<string>;
}

export function createRowClaims(): RowClaims {
  const chats = new Map<string, ChatClaims>();
  let held = 0;

  function claimsOf(chatId: string): ChatClaims {
    let claims = chats.get(chatId);
    if (claims === undefined) chats.set(chatId, (claims = { text: new Map(), file: new Set() }));
    return claims;
  }

  return {
    begin(row, sent) {
      const { chat_id: chatId, seq, changed_version: changed, files } = row;
      if (changed === sent && files.length === 0) return;
      const { text, file } = claimsOf(chatId);
      const before = text.size + file.size;
      if (changed !== sent) text.set(seq, changed);
      for (const { version } of files) file.add(`${seq} ${version}`);
      held += text.size + file.size - before;
    },

    settle({ chatId, seq, version, of }) {
      const claims = chats.get(chatId);
      if (claims === undefined) return;
      const { text, file } = claims;
      const isSettled =
        of === "text" ? text.get(seq) === version && text.delete(seq) : file.delete(`${seq} ${version}`);
      if (isSettled) held -= 1;
      if (text.size + file.size === 0) chats.delete(chatId);
    },

    *left() {
      for (const [chatId, { text, file }] of chats) {
        for (const [seq, version] of text) yield { chatId, seq, version, of: "text" };
        for (const claim of file) {
          const [seq, version] = claim.split(" ").map(Number);
          yield { chatId, seq: seq ?? 0, version: version ?? 0, of: "file" };
        }
      }
    },

    held: () => held,
  };
}
