import type { Attached, Note } from "../history.ts";
import { attempt } from "./http-call.ts";
import { bytesOf } from "./small-files.ts";
import { keyOf, type HistoryMessage } from "./writer.ts";
import type { Person, Room } from "./world.ts";

const PAGE = 100;
const DOWNLOADED_WITHIN_MS = 8_000;

interface Options {
  readonly queries: string;
  readonly rooms: readonly Room[];
  readonly people: readonly Person[];
  readonly note: Note;
}

/** Notes all that the chat says when nobody writes any more. Throws when an answer is none, or says that it is stale. */
export async function lookAtRest({ queries, rooms, people, note }: Options): Promise<void> {
  for (const { id, owner } of rooms) {
    let after = 0;
    for (;;) {
      const path = `/api/chats/${id}/messages?after=${after}&limit=${PAGE}`;
      const page = await fresh<readonly HistoryMessage[]>(queries, path, owner);
      for (const message of page) {
        const { seq, text, deleted, sender_id: sender, read_count: readCount } = message;
        const files: Attached[] = [];
        for (const { name, url } of message.files)
          files.push([name, (await isWhole(queries, url, name, owner)) ? "whole" : "not whole"]);
        const attached = files.length === 0 ? {} : { files };
        note({ type: "message", chat: id, seq, key: keyOf(message), sender, text, deleted, readCount, ...attached });
      }
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.seq;
    }
    const members = await fresh<readonly { user_id: string; read_up_to: number }[]>(
      queries,
      `/api/chats/${id}/members`,
      owner,
    );
    const readUpTo = Object.fromEntries(members.map(({ user_id: user, read_up_to: upTo }) => [user, upTo]));
    note({ type: "members", chat: id, readUpTo });
  }
  for (const person of people) {
    // More chats than anybody is in.
    const list = await fresh<readonly { id: string; unread_count: number; read_up_to: number }[]>(
      queries,
      "/api/chats?limit=100",
      person,
    );
    for (const { id, unread_count: unread, read_up_to: readUpTo } of list)
      note({ type: "listed", user: person.id, chat: id, unread, readUpTo });
  }
  note({ type: "looked" });
}

/** The newest seq of a chat, as one who asks now is told; null when the answer is stale or none. */
export async function newestSeq(queries: string, { id, owner }: Room): Promise<number | null> {
  const outcome = await attempt({
    method: "GET",
    url: `${queries}/api/chats/${id}/messages?limit=1`,
    token: owner.token,
  });
  if (outcome.type !== "ok" || outcome.headers.get("chat-stale") !== null) return null;
  return (outcome.body as readonly HistoryMessage[]).at(-1)?.seq ?? 0;
}

/** At rest nothing keeps anybody from it. */
async function isWhole(queries: string, url: string, name: string, { token }: Person): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(DOWNLOADED_WITHIN_MS);
    const answer = await fetch(`${queries}/api${url}`, { headers: { authorization: `Bearer ${token}` }, signal });
    return answer.status === 200 && bytesOf(name).equals(Buffer.from(await answer.arrayBuffer()));
  } catch {
    return false;
  }
}

async function fresh<Body>(queries: string, path: string, { token }: Person): Promise<Body> {
  const outcome = await attempt({ method: "GET", url: `${queries}${path}`, token });
  if (outcome.type !== "ok") throw new Error(`GET ${path} at rest: ${outcome.why}`);
  if (outcome.headers.get("chat-stale") !== null) throw new Error(`GET ${path} at rest is stale`);
  return outcome.body as Body;
}
