import { Rejection } from "@chat/shared/rejection";
import type { CommandOutcome, CommandRequest } from "./command-request.ts";
import type { SnapshotSource, UnreadRange } from "./look-ups.ts";
import type { PartitionTail, TailEvent } from "./partition-tail.ts";

/** How often a count is read again because the tail moved meanwhile. */
const maxCountAttempts = 5;

/** What is unread to the actor in the chat as the outcome left it: what the read models hold ⊕ the tail, as for deciding. */
export async function countUnread(
  source: Pick<SnapshotSource, "unreadParts">,
  tail: PartitionTail,
  { chatId, actor: userId }: CommandRequest,
  { chat }: CommandOutcome,
): Promise<number> {
  const member = chat.status === "active" ? chat.members.get(userId) : undefined;
  if (chat.status !== "active" || member === undefined || member.readUpTo >= chat.lastSeq) return 0;
  const range: UnreadRange = { chatId, userId, above: member.readUpTo, upTo: chat.lastSeq };
  for (let attempt = 0; attempt < maxCountAttempts; attempt += 1) {
    const parts = await source.unreadParts(range);
    if (parts.position.offset < tail.start()) continue;
    const later = tail.eventsOf(chatId).filter(({ offset }) => offset >= parts.position.offset);
    const projected = parts.own + parts.othersDeleted;
    return range.upTo - range.above - later.reduce((sum, event) => sum + countOf(event, range), projected);
  }
  // The read models run away from under the count. Reading is done; asking again is safe and counts anew.
  throw new Rejection("outcome_unknown", "It was read, but what is left unread cannot be counted now; ask again.");
}

/** Own messages and deleted ones of others are not unread. */
function countOf({ record }: TailEvent, { userId, above, upTo }: UnreadRange): number {
  const { event, actor } = record;
  if (!("seq" in event) || event.seq <= above || event.seq > upTo) return 0;
  if (event.type === "MessageSent") return actor === userId ? 1 : 0;
  if (event.type === "MessageDeleted") return event.senderId === userId ? 0 : 1;
  return 0;
}
