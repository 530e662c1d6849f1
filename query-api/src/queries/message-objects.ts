import { messageObject, type MessageObject } from "@chat/shared/api/message-object";
import type { AttachedFile } from "@chat/shared/events/attached-files";
import { isoTime as isoTimeOfMs } from "@chat/shared/iso-time";

/** Messages of one chat by columns, in the order in which they are to be shown. Times are seconds since 1970. */
export interface MessageColumns {
  readonly seqs: readonly number[];
  readonly sender_ids: readonly string[];
  readonly texts: readonly string[];
  readonly sent_ats: readonly number[];
  readonly client_message_ids: BySeq<string>;
  readonly reply_tos: BySeq<number>;
  readonly edited_ats: BySeq<number>;
  readonly deleteds: BySeq<true>;
  readonly files: BySeq<readonly AttachedFile[]>;
}

/** What few messages have; null where none of the page does. */
export type BySeq<T> = Readonly<Record<number, T>> | null;

/** What a message's `is_read` and `read_count` follow from: the chat's watermarks and how far its members have read. */
export interface ReadMarks {
  readonly fully_read_up_to: number;
  readonly fully_read_except: string | null;
  /** How many current members have read up to exactly there; those who lie below the oldest message may be left out. */
  readonly read_up_tos: readonly number[];
  readonly read_counts: readonly number[];
  /** The messages' senders: how far they have read (0 for one who has left), and their own messages fully read. */
  readonly authors: readonly string[];
  readonly author_read_up_tos: readonly number[];
  readonly author_own_read_up_tos: readonly number[];
}

/** Makes the objects that clients see. */
export function messageObjects(chatId: string, columns: MessageColumns, marks: ReadMarks): MessageObject[] {
  const readersOf = countReaders(marks);
  const authors = new Map(
    marks.authors.map((author, index) => [
      author,
      { readUpTo: marks.author_read_up_tos[index] ?? 0, ownReadUpTo: marks.author_own_read_up_tos[index] ?? 0 },
    ]),
  );
  return columns.seqs.map((seq, index) => {
    const senderId = columns.sender_ids[index] ?? "";
    const author = authors.get(senderId) ?? { readUpTo: 0, ownReadUpTo: 0 };
    const forAll = seq <= marks.fully_read_up_to && senderId !== marks.fully_read_except;
    return messageObject({
      chatId,
      seq,
      senderId,
      text: columns.texts[index] ?? "",
      clientMessageId: columns.client_message_ids?.[seq] ?? null,
      replyTo: columns.reply_tos?.[seq] ?? null,
      sentAt: isoTime(columns.sent_ats[index] ?? 0),
      editedAt: isoTimeOrNull(columns.edited_ats?.[seq] ?? null),
      deleted: columns.deleteds?.[seq] ?? false,
      files: columns.files?.[seq] ?? [],
      fullyRead: forAll || seq <= author.ownReadUpTo,
      readCount: readersOf(seq) - (author.readUpTo >= seq ? 1 : 0),
    });
  });
}

/** How many members have read a seq, the author among them: one pass over the members for a page, then a search each. */
function countReaders({ read_up_tos, read_counts }: ReadMarks): (seq: number) => number {
  const pointers = read_up_tos
    .map((upTo, index) => ({ upTo, atLeast: read_counts[index] ?? 0 }))
    .sort((a, b) => b.upTo - a.upTo);
  let total = 0;
  for (const pointer of pointers) pointer.atLeast = total += pointer.atLeast;
  return (seq) => {
    let low = 0;
    let high = pointers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((pointers[middle]?.upTo ?? 0) >= seq) low = middle + 1;
      else high = middle;
    }
    return pointers[low - 1]?.atLeast ?? 0;
  };
}

/** From seconds since 1970, as `date_part('epoch', …)` gives them; a double is exact to the microsecond for centuries. */
export const isoTime = (seconds: number): string => isoTimeOfMs(Math.round(seconds * 1_000));
export const isoTimeOrNull = (seconds: number | null): string | null => (seconds === null ? null : isoTime(seconds));
