import { differing } from "./compare-events.ts";
import type { FoldedChat, FoldedMember } from "./fold-chats.ts";
import type { ChatRow, MemberRow, RowReader } from "./queries/rows.ts";

/** Rows that are asked for at once: a chat with its members. One chat may have more. */
const maxRowsAtOnce = 5_000;

type Fault = (chat: FoldedChat, what: string) => void;

/** What the log makes of each chat against its row, its members' rows, and the numbers of its other rows; unread messages recounted. */
export async function compareChats(rows: RowReader, chats: Iterable<FoldedChat>, fault: Fault): Promise<void> {
  let some: FoldedChat[] = [];
  let size = 0;
  for (const chat of chats) {
    some.push(chat);
    size += 1 + chat.members.size;
    if (size < maxRowsAtOnce) continue;
    await compareSome(rows, some, fault);
    [some, size] = [[], 0];
  }
  if (some.length > 0) await compareSome(rows, some, fault);
}

async function compareSome(rows: RowReader, chats: readonly FoldedChat[], fault: Fault): Promise<void> {
  const ids = chats.map(({ chatId }) => chatId);
  const found = new Map((await rows.chats(ids)).map((row) => [row.chat_id, row]));
  const members = Map.groupBy(await rows.members(ids), ({ chat_id }) => chat_id);
  for (const chat of chats) {
    const tell = (what: string): void => fault(chat, what);
    compareChat(chat, found.get(chat.chatId), tell);
    compareMembers(chat, members.get(chat.chatId) ?? [], tell);
  }
}

function compareChat(chat: FoldedChat, row: ChatRow | undefined, tell: (what: string) => void): void {
  if (row === undefined) {
    tell("the chat's row is missing");
    return;
  }
  const expected = {
    chat_type: chat.chatType,
    title: chat.title,
    description: chat.description,
    avatar: chat.avatar,
    creator_id: chat.creatorId,
    created_at: chat.createdAt,
    updated_at: chat.updatedAt,
    active_at: chat.activeAt,
    version: chat.version,
    last_seq: chat.lastSeq,
    fully_read_up_to: chat.fullyReadUpTo,
    fully_read_except: chat.fullyReadExcept,
    deleted: chat.deleted,
  };
  differing("the chat's row", expected, row, tell);
  if (row.degraded) tell("the chat is marked as degraded, and no event of it was skipped");
  compareCounts(chat, row, tell);
}

function compareCounts({ messages, events, commands }: Counts, row: ChatRow, tell: (what: string) => void): void {
  differing("the number of the chat's rows", { messages, events, commands }, row, tell);
}

type Counts = Pick<FoldedChat, "messages" | "events" | "commands">;
const nothing: Counts = { messages: 0, events: 0, commands: 0 };

/**
 * Chats of which an event was skipped, by what the log holds of them besides; null where that is nothing. What else their rows
 * say depends on what was skipped, so only the mark and the numbers of rows that each event makes for itself are compared.
 */
export async function compareDegraded(
  rows: RowReader,
  chats: ReadonlyMap<string, Counts | null>,
  fault: (chatId: string, what: string) => void,
): Promise<void> {
  const found = new Map((await rows.chats([...chats.keys()])).map((row) => [row.chat_id, row]));
  for (const [chatId, counts] of chats) {
    const tell = (what: string): void => fault(chatId, what);
    const row = found.get(chatId);
    if (row === undefined) tell("the chat's row is missing");
    else {
      if (!row.degraded) tell("an event of the chat was skipped, and it is not marked as degraded");
      compareCounts(counts ?? nothing, row, tell);
    }
  }
}

function compareMembers(chat: FoldedChat, rows: readonly MemberRow[], tell: (what: string) => void): void {
  const found = new Map(rows.map((row) => [row.user_id, row]));
  for (const member of chat.members.values()) compareMember(member, found.get(member.userId), tell);
  for (const userId of found.keys()) {
    if (!chat.members.has(userId)) tell(`user ${userId} has a member's row and never was a member`);
  }
}

function compareMember(member: FoldedMember, row: MemberRow | undefined, tell: (what: string) => void): void {
  const { userId } = member;
  if (row === undefined) {
    tell(`the member's row of user ${userId} is missing`);
    return;
  }
  const expected = {
    role: member.role,
    active: member.active,
    joined_at: member.joinedAt,
    read_up_to: member.readUpTo,
    own_read_up_to: member.ownReadUpTo,
    spans: member.spans.map(({ from, to }) => `${from}-${to ?? ""}`).join(" "),
  };
  differing(`the member's row of user ${userId}`, expected, row, tell);
  // Unread = last seq - read up to - own since - others' deleted since: of these only the third is a counter.
  const drift = row.own_counted - row.own_since;
  if (drift !== 0) tell(`user ${userId} has ${drift > 0 ? "+" : ""}${drift} unread messages against the recount`);
}
