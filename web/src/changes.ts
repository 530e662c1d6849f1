import { createHttpCalls, type Credentials } from "@chat/client/http-calls";
import type { Role } from "@chat/client/state";
import type { ChatObject } from "@chat/shared/api/chat-object";
import type { UserObject } from "@chat/shared/api/user-object";
import { newId } from "@chat/client/new-id";
import { ChangeRefused } from "./problems.ts";

/**
 * What is asked of the server beside the stream. What a change did comes back on the stream, to every window. Reject with
 * `ChangeRefused`, and with anything else when there was no answer.
 */
export interface Changes {
  /** Resolves with the new chat's id, or that of the private chat that there is. With the same key there is one, however often. */
  createChat(memberIds: readonly string[], title: string, key: string): Promise<string>;
  editMessage(messageId: string, text: string): Promise<void>;
  deleteMessage(messageId: string): Promise<void>;
  addMembers(chatId: string, userIds: readonly string[]): Promise<void>;
  removeMember(chatId: string, userId: string): Promise<void>;
  setRole(chatId: string, userId: string, role: Role): Promise<void>;
  leaveGroup(chatId: string): Promise<void>;
  deleteGroup(chatId: string): Promise<void>;
  /** Its name is another one from now on. */
  rename(of: Profiled, name: string): Promise<void>;
  setPicture(of: Profiled, picture: File): Promise<void>;
  removePicture(of: Profiled): Promise<void>;
  findPeople(query: string): Promise<readonly UserObject[]>;
  /** How large a file may be that is sent. */
  maxFileBytes(): Promise<number>;
  /** Who has read a message, the first reader first; null for the name of an account that is gone. */
  readersOf(messageId: string): Promise<readonly { readonly name: string | null }[]>;
}

/** Who has a name and a picture that can be changed: oneself, or a group. */
export type Profiled = "/users/me" | `/chats/${string}`;

/** As many as one looks through before typing another letter. */
const PEOPLE_SHOWN = 20;

export function createChanges(url: string, credentials: Credentials): Changes {
  const calls = createHttpCalls({ url, credentials, fetch: (...sent) => fetch(...sent) });

  async function change(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: object): Promise<void> {
    const { status, body: answer } = await calls.change<object>(method, path, body);
    if (answer !== null && "code" in answer) throw new ChangeRefused(answer);
    if (status >= 300) throw new Error(path);
  }

  return {
    async createChat(memberIds, title, key) {
      const type = memberIds.length === 1 ? "private" : "group";
      const named = type === "group" ? { name: title } : {};
      const asked = { type, member_ids: memberIds, ...named };
      const { body } = await calls.post<ChatObject>("/chats", asked, { key });
      if (!("id" in body)) throw new ChangeRefused(body);
      return body.id;
    },
    editMessage: (messageId, text) => change("PUT", `/messages/${encodeURIComponent(messageId)}`, { text }),
    deleteMessage: (messageId) => change("DELETE", `/messages/${encodeURIComponent(messageId)}`),
    addMembers: (chatId, userIds) => change("POST", `/chats/${chatId}/members`, { user_ids: userIds }),
    removeMember: (chatId, userId) => change("DELETE", `/chats/${chatId}/members/${userId}`),
    setRole: (chatId, userId, role) => change("PUT", `/chats/${chatId}/members/${userId}/role`, { role }),
    leaveGroup: (chatId) => change("POST", `/chats/${chatId}/leave`, {}),
    deleteGroup: (chatId) => change("DELETE", `/chats/${chatId}`),
    rename: (of, name) => change("PATCH", of, { name }),
    async setPicture(of, file) {
      const { signal } = new AbortController();
      const sent = { key: newId(), file, signal, progress: () => undefined };
      const { status, body } = await calls.upload<object>("PUT", `${of}/avatar`, sent);
      if (status >= 300) throw "code" in body ? new ChangeRefused(body) : new Error(String(status));
    },
    removePicture: (of) => change("DELETE", `${of}/avatar`),
    async findPeople(query) {
      const asked = new URLSearchParams({ limit: String(PEOPLE_SHOWN), ...(query === "" ? {} : { query }) });
      return (await calls.get<readonly UserObject[]>(`/users?${asked.toString()}`)).body;
    },
    maxFileBytes: async () => (await calls.get<{ readonly file_max_bytes: number }>("/limits")).body.file_max_bytes,
    async readersOf(messageId) {
      const path = `/messages/${encodeURIComponent(messageId)}/readers`;
      return (await calls.get<readonly { readonly name: string | null }[]>(path)).body;
    },
  };
}

/** This window's name to the server, as long as the window is open. */
export function deviceOfWindow(): string {
  const key = "chat.device";
  const known = sessionStorage.getItem(key);
  if (known !== null) return known;
  const made = `web-${newId()}`;
  sessionStorage.setItem(key, made);
  return made;
}
