import type { ChatObject } from "@chat/shared/api/chat-object";
import type { ListedChat } from "@chat/shared/api/listed-chat";
import type { MemberObject } from "@chat/shared/api/member-object";
import type { MessageObject } from "@chat/shared/api/message-object";
import type { FetchedChat } from "./apply-fetched.ts";
import { type Answer, type HttpCalls, Refused } from "./http-calls.ts";

/** The most that the server gives at once. */
const PAGE = 100;
/** A million chats: more is a server that pages in a circle. */
const MAX_PAGES = 10_000;

export interface Snapshot {
  readonly chats: readonly ListedChat[];
  /** Where a stream goes on from: before it nothing is missing here, behind it some may be here already. */
  readonly position: string;
  /** False: read in several pages. A chat that moved to the front meanwhile is missing here, and met on the stream. */
  readonly isOfOneMoment: boolean;
}

/** All chats of the caller. Rejects where an answer does not say its position: a proxy, or CORS, has taken it away. */
export async function fetchSnapshot(calls: Pick<HttpCalls, "get">, signal: AbortSignal): Promise<Snapshot> {
  const chats: ListedChat[] = [];
  let position: string | null = null;
  let pages = 0;
  for (let query: string | null = `?limit=${PAGE}`; query !== null && pages < MAX_PAGES; pages += 1) {
    const answer: Answer<ListedChat[]> = await calls.get<ListedChat[]>(`/chats${query}`, signal);
    chats.push(...answer.body);
    if (pages === 0) position = answer.position;
    query = answer.next;
  }
  if (position === null) throw new Error("the list of chats came without its Chat-Position");
  return { chats, position, isOfOneMoment: pages === 1 };
}

export interface Fetched {
  /** Null when it is not there for the caller, or not any more. */
  readonly chat: FetchedChat | null;
  /** What the stream has told may be missing in it. */
  readonly stale: boolean;
}

export async function fetchChat(calls: Pick<HttpCalls, "get">, chatId: string, signal: AbortSignal): Promise<Fetched> {
  try {
    const chat = await calls.get<ChatObject>(`/chats/${chatId}`, signal);
    const [messages, unread] = await Promise.all([
      calls.get<MessageObject[]>(`/chats/${chatId}/messages?limit=${PAGE}`, signal),
      calls.get<{ readonly chats: Readonly<Record<string, number>> }>("/unread", signal),
    ]);
    // After the messages: who is not among these comes when all of those are there, and has nothing to read.
    const members = await calls.get<MemberObject[]>(`/chats/${chatId}/members`, signal);
    return {
      chat: {
        chat: chat.body,
        members: members.body,
        messages: messages.body,
        unread: unread.body.chats[chatId] ?? 0,
      },
      stale: [chat, messages, unread, members].some(({ stale }) => stale),
    };
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return { chat: null, stale: error.stale };
    throw error;
  }
}

export async function fetchOlder(
  calls: Pick<HttpCalls, "get">,
  chatId: string,
  before: number,
): Promise<readonly MessageObject[]> {
  return (await calls.get<MessageObject[]>(`/chats/${chatId}/messages?before=${before}&limit=${PAGE}`)).body;
}
