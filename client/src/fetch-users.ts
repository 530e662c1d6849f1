import type { UserObject } from "@chat/shared/api/user-object";
import type { HttpCalls } from "./http-calls.ts";
import type { ChatState, ClientState } from "./state.ts";

/** The most that the server gives at once. */
const PAGE = 100;
/** Five calls on connecting; of further ones a page asks when it shows them. */
const MAX_USERS = 500;

/** Whose names a list of chats shows and nobody has told. */
export function strangersIn(state: ClientState): readonly string[] {
  return [...new Set([...state.chats.values()].flatMap((chat) => strangersOf(state, chat)))];
}

/** Of one chat: the partner in a private one, and who spoke last in a group. */
export function strangersOf({ users, userId }: ClientState, { chat, messages, members }: ChatState): readonly string[] {
  const last = messages.at(-1)?.sender_id;
  const ids = chat.type === "private" ? chat.member_ids : last === undefined ? [] : [last];
  return ids.filter((id) => id !== userId && !users.has(id) && members?.has(id) !== true);
}

export interface AskWhoIs {
  /** Nothing for those who were asked for already: there may be no answer, and a thousand messages of one stranger. */
  ask(ids: readonly string[]): void;
  /** Profiles may have changed unheard: all may be asked for again. */
  forget(): void;
}

/** Asks who some people are now. Without an answer they stay what they were, until the next connection. */
export function createAskWhoIs(calls: HttpCalls, learn: (users: readonly UserObject[]) => void): AskWhoIs {
  const asked = new Set<string>();
  return {
    ask(ids) {
      const others = ids.filter((id) => !asked.has(id)).slice(0, MAX_USERS);
      if (others.length === 0) return;
      for (const id of others) asked.add(id);
      void fetchUsers(calls, others).then(learn, () => undefined);
    },
    forget: () => asked.clear(),
  };
}

async function fetchUsers(calls: HttpCalls, ids: readonly string[]): Promise<readonly UserObject[]> {
  const users: UserObject[] = [];
  for (let first = 0; first < ids.length; first += PAGE) {
    const some = ids.slice(first, first + PAGE).join();
    users.push(...(await calls.get<UserObject[]>(`/users?ids=${some}&limit=${PAGE}`)).body);
  }
  return users;
}
