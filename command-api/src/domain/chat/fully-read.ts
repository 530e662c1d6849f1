import type { MessagesFullyRead } from "@chat/shared/events/chat-events";
import type { ActiveChat, Member } from "./state.ts";

/**
 * Fully read: at least one other current member, and every one of them has read it; once so, so for ever.
 *
 * With two or more members, everybody has read up to W, the lowest pointer of all, and everybody but the slowest
 * reader up to O, the lowest pointer of the others. So W decides for all authors but the slowest reader, and O, which
 * is never below W, for the slowest reader himself. With one member left, his pointer decides for all who have gone,
 * and nothing for himself, who has nobody to read him.
 */
export function isFullyRead(chat: ActiveChat, senderId: string, seq: number): boolean {
  return seq <= settledUpTo(chat, senderId);
}

/** How many current members, the sender aside, have read the message. */
export function readCount(chat: ActiveChat, senderId: string, seq: number): number {
  let count = 0;
  for (const member of chat.members.values()) {
    if (member.status === "in" && member.userId !== senderId && member.readUpTo >= seq) count += 1;
  }
  return count;
}

/** How far a member has read once the command is done; null when he is in no longer. */
export type PointerAfter = (member: Member) => number | null;

/**
 * What becomes fully read in a chat when its members' pointers are what they will be, none or one event.
 *
 * A join makes none: a newcomer's pointer starts at the last seq, so nobody's watermark rises, save that of one who was
 * alone, whose own messages wait for the next read.
 */
export function decideFullyRead(chat: ActiveChat, pointerAfter: PointerAfter): readonly MessagesFullyRead[] {
  const { fullyRead } = chat;
  const pointers = lowestPointers(chat, pointerAfter);
  if (pointers === null) return [];
  const { slowest } = pointers;
  const former = fullyRead.exceptAuthor;
  const slowestFrom = settledUpTo(chat, slowest);
  const event: MessagesFullyRead = {
    type: "MessagesFullyRead",
    from: fullyRead.upTo,
    upTo: Math.max(fullyRead.upTo, pointers.lowest),
    slowest,
    slowestFrom,
    slowestUpTo: Math.max(slowestFrom, pointers.others ?? 0),
    former: former === null || former === slowest ? null : { userId: former, from: settledUpTo(chat, former) },
  };
  return settlesSomething(event, chat.members.size) ? [event] : [];
}

/** All of an author's messages up to here are fully read. */
function settledUpTo(chat: ActiveChat, authorId: string): number {
  const own = chat.members.get(authorId)?.ownReadUpTo ?? 0;
  return authorId === chat.fullyRead.exceptAuthor ? own : Math.max(own, chat.fullyRead.upTo);
}

interface LowestPointers {
  readonly slowest: string;
  readonly lowest: number;
  /** The lowest pointer of all but the slowest; null when there is nobody else. */
  readonly others: number | null;
}

/** Of several who are equally slow any will do: their watermarks are equal. */
function lowestPointers(chat: ActiveChat, pointerAfter: PointerAfter): LowestPointers | null {
  let slowest: string | null = null;
  let lowest = Infinity;
  let others = Infinity;
  for (const member of chat.members.values()) {
    const pointer = member.status === "in" ? pointerAfter(member) : null;
    if (pointer === null) continue;
    if (pointer < lowest) {
      others = lowest;
      lowest = pointer;
      slowest = member.userId;
    } else if (pointer < others) others = pointer;
  }
  return slowest === null ? null : { slowest, lowest, others: others === Infinity ? null : others };
}

function settlesSomething(event: MessagesFullyRead, everMembers: number): boolean {
  const namedAuthors = event.former === null ? 1 : 2;
  return (
    event.slowestUpTo > event.slowestFrom ||
    (event.former !== null && event.upTo > event.former.from) ||
    (event.upTo > event.from && everMembers > namedAuthors)
  );
}
