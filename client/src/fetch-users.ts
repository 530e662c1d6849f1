import type { UserObject } from "@chat/shared/api/user-object";
import type { HttpCalls } from "./http-calls.ts";
import type { ClientState } from "./state.ts";

/** The most that the server gives at once. */
const PAGE = 100;
/** Five calls on connecting; of further ones a page asks when it shows them. */
const MAX_USERS = 500;

/** Who is known, as they are now: what changed while there was no connection is not told later. */
export async function fetchUsers(calls: HttpCalls, state: ClientState): Promise<readonly UserObject[]> {
  const partners = [...state.chats.values()].flatMap(({ chat }) => (chat.type === "private" ? chat.member_ids : []));
  const ids = [...new Set([...state.users.keys(), ...partners])]
    .filter((id) => id !== state.userId)
    .slice(0, MAX_USERS);
  const users: UserObject[] = [];
  for (let first = 0; first < ids.length; first += PAGE) {
    const some = ids.slice(first, first + PAGE).join();
    users.push(...(await calls.get<UserObject[]>(`/users?ids=${some}&limit=${PAGE}`)).body);
  }
  return users;
}
