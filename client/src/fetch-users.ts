import type { UserObject } from "@chat/shared/api/user-object";
import type { HttpCalls } from "./http-calls.ts";
import type { ClientState } from "./state.ts";

/** The most that the server gives at once. */
const PAGE = 100;
/** Five calls on connecting; of further ones a page asks when it shows them. */
const MAX_USERS = 500;

/** Whose names a list of chats shows and nobody has told: partners in private chats, and who spoke last in groups. */
export function strangersIn({ chats, users, userId }: ClientState): readonly string[] {
  const shown = [...chats.values()].flatMap(({ chat, messages, members }) => {
    const last = messages.at(-1)?.sender_id;
    const ids = chat.type === "private" ? chat.member_ids : last === undefined ? [] : [last];
    return ids.filter((id) => members?.has(id) !== true);
  });
  return [...new Set(shown)].filter((id) => id !== userId && !users.has(id));
}

/** Asks who some people are now. Without an answer they stay what they were, until the next connection. */
export function createAskWhoIs(
  calls: HttpCalls,
  learn: (users: readonly UserObject[]) => void,
): (ids: readonly string[]) => void {
  return (ids) => {
    if (ids.length > 0) void fetchUsers(calls, ids).then(learn, () => undefined);
  };
}

async function fetchUsers(calls: HttpCalls, wanted: readonly string[]): Promise<readonly UserObject[]> {
  const ids = wanted.slice(0, MAX_USERS);
  const users: UserObject[] = [];
  for (let first = 0; first < ids.length; first += PAGE) {
    const some = ids.slice(first, first + PAGE).join();
    users.push(...(await calls.get<UserObject[]>(`/users?ids=${some}&limit=${PAGE}`)).body);
  }
  return users;
}
