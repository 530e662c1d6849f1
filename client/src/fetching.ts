import type { ChatObject } from "@chat/shared/api/chat-object";
import type { ListedChat } from "@chat/shared/api/listed-chat";
import type { MemberObject } from "@chat/shared/api/member-object";
import type { MessageObject } from "@chat/shared/api/message-object";
import type { FetchedChat } from "./apply-fetched.ts";
import { type HttpCalls, Refused } from "./http-calls.ts";

/** The most that the server gives at once. */
const PAGE = 100;
/** A million chats: more is a server that pages in a circle. */
const MAX_PAGES = 10_000;

export interface Snapshot {
  readonly chats: readonly ListedChat[];
  /** Where a stream goes on from: before it nothing is missing here, behind it some may be here already. */
  readonly position: string | null;
}

/** All chats of the caller. A chat that moves to the front while pages are read is missed here, and met on the stream. */
export async function fetchSnapshot(calls: HttpCalls): Promise<Snapshot> {
  const chats: ListedChat[] = [];
  let position: string | null = null;
  let query: string | null = `?limit=${PAGE}`;
  for (let page = 0; query !== null && page < MAX_PAGES; page += 1) {
    const answer: Awaited<ReturnType<typeof calls.get<ListedChat[]>>> = await calls.get<ListedChat[]>(`/chats${query}`);
    chats.push(...answer.body);
    if (page === 0) position = answer.position;
    query = answer.next;
  }
  return { chats, position };
}

/** Null when it is not there for the caller, or not any more. */
export async function fetchChat(calls: HttpCalls, chatId: string): Promise<FetchedChat | null> {
  try {
    const chat = await calls.get<ChatObject>(`/chats/${chatId}`);
    const [messages, unread] = await Promise.all([
      calls.get<MessageObject[]>(`/chats/${chatId}/messages?limit=${PAGE}`),
      calls.get<{ readonly chats: Readonly<Record<string, number>> }>("/unread"),
    ]);
    // After the messages: who is not among these comes when all of those are there, and has nothing to read.
    const members = await calls.get<MemberObject[]>(`/chats/${chatId}/members`);
    return {
      chat: chat.body,
      members: members.body,
      messages: messages.body,
      unread: unread.body.chats[chatId] ?? 0,
    };
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

export async function fetchOlder(calls: HttpCalls, chatId: string, before: number): Promise<readonly MessageObject[]> {
  return (await calls.get<MessageObject[]>(`/chats/${chatId}/messages?before=${before}&limit=${PAGE}`)).body;
}
