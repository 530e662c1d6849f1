import type { FoldedChat } from "./fold-chats.ts";

/**
 * Recounts "fully read" from the read pointers: of an author's messages all are fully read up to the lowest pointer of the
 * other members. Pointers only rise and newcomers begin at the end, so what was settled once never lies above that; and it
 * lies exactly there once somebody has read or gone since the last newcomer came.
 */
export function wrongWatermarks(chat: FoldedChat): readonly string[] {
  if (chat.deleted) return [];
  const present = [...chat.members.values()].filter(({ active }) => active);
  const pointers = present.map(({ readUpTo }) => readUpTo).sort((one, other) => one - other);
  const [lowest, second] = pointers;
  if (lowest === undefined || second === undefined) return [];
  const isRecounted = chat.decidedIn > chat.joinedIn;
  return present.flatMap(({ userId, readUpTo, ownReadUpTo }) => {
    const read = readUpTo === lowest ? second : lowest;
    const settled = userId === chat.fullyReadExcept ? ownReadUpTo : Math.max(ownReadUpTo, chat.fullyReadUpTo);
    if (settled === read || (settled < read && !isRecounted)) return [];
    return [`user ${userId}'s messages are fully read up to ${settled}, recounted up to ${read}`];
  });
}
