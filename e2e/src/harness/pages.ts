import { expect } from "@jest/globals";
import type { ListedChat, Message } from "./api.ts";
import type { User } from "./user.ts";

/** All messages of a chat, oldest first, page by page from the start. */
export async function wholeHistory(user: User, chatId: string): Promise<readonly Message[]> {
  return follow<Message>(user, `/api/chats/${chatId}/messages`, "?after=0&limit=100");
}

export function allChats(user: User): Promise<readonly ListedChat[]> {
  return follow<ListedChat>(user, "/api/chats", "?limit=50");
}

/** Follows `Link: rel="next"` to the end. */
export async function follow<Item>(user: User, path: string, first: string): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (let query: string | undefined = first; query !== undefined;) {
    const page = await user.get<readonly Item[]>(`${path}${query}`);
    expect(page).toMatchObject({ status: 200 });
    expect(page.headers.get("chat-stale")).toBeNull();
    items.push(...page.body);
    query = nextOf(page.headers);
  }
  return items;
}

export function nextOf(headers: Headers): string | undefined {
  return /<([^>]*)>; rel="next"/.exec(headers.get("link") ?? "")?.[1];
}
