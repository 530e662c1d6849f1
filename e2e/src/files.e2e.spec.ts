import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { eventually } from "@chat/shared/testing/eventually";
import type { Chat, File, Message } from "./harness/api.ts";
import { useChat } from "./harness/embedded-chat.ts";
import { register, type User } from "./harness/user.ts";

interface Profile {
  readonly avatar: string | null;
}

const within = { within: 30_000 };
/** Two points by two. */
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR42mP4z8AARAwQCgAf7gP9Y167WwAAAABJRU5ErkJggg==",
  "base64",
);

function formWith(name: string, bytes: Buffer): FormData {
  const form = new FormData();
  form.set("file", new Blob([new Uint8Array(bytes)]), name);
  return form;
}

describe("files", () => {
  const chat = useChat();
  let alice: User;
  let bob: User;
  let eve: User;
  let team: Chat;
  let message: Message;

  beforeAll(async () => {
    [alice, bob, eve] = [
      await register(chat.url, "Alice"),
      await register(chat.url, "Bob"),
      await register(chat.url, "Eve"),
    ];
    team = (await alice.post<Chat>("/api/chats", { chat_type: "group", name: "Team", member_ids: [bob.id] })).body;
    message = (await alice.post<Message>(`/api/chats/${team.id}/messages`, { text: "the holidays" })).body;
  });

  /** The bytes as they come; not a call with JSON. */
  async function download(path: string, by: User, headers: Record<string, string> = {}) {
    const answer = await fetch(`${await chat.url()}${path}`, {
      headers: { Authorization: `Bearer ${by.token}`, ...headers },
    });
    return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) };
  }

  it("go from Alice to Bob byte by byte, live and after a restart, and to nobody else", async () => {
    const socket = await bob.socket();
    const bytes = randomBytes(3_000_000);
    const uploaded = await alice.post<File>(`/messages/${message.id}/files`, formWith("Ferien ☀.mov", bytes));
    expect(uploaded).toMatchObject({ status: 201, body: { name: "Ferien ☀.mov", size: bytes.length } });
    const heard = await socket.next({ type: "file_attached", chat_id: team.id });
    const { url } = uploaded.body;
    expect(heard.payload).toMatchObject({ message_id: message.id, files: [{ url }], by: alice.id });
    await socket.close();

    expect((await download(url, bob)).bytes.equals(bytes)).toBe(true);
    expect(await download(url, bob, { Range: "bytes=1000000-1000099" })).toEqual({
      status: 206,
      bytes: bytes.subarray(1_000_000, 1_000_100),
    });
    expect((await download(url, eve)).status).toBe(404);
    expect((await eve.post(`/messages/${message.id}/files`, formWith("a.png", png))).status).toBe(404);
    expect((await bob.post(`/messages/${message.id}/files`, formWith("a.png", png))).status).toBe(403);

    await chat.stop();
    await chat.start();
    const history = await bob.get<Message[]>(`/chats/${team.id}/messages`);
    expect(history.body).toMatchObject([{ id: message.id, files: [{ url, size: bytes.length }] }]);
    expect((await download(url, bob)).bytes.equals(bytes)).toBe(true);
  });

  it("that are cut off on their way leave nothing", async () => {
    const filesNow = async (): Promise<number> => {
      const entries = await readdir(join(chat.dataFolder, "files"), { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).length;
    };
    const before = await filesNow();
    const request = httpRequest(`${await chat.url()}/messages/${message.id}/files`, {
      method: "POST",
      headers: { Authorization: `Bearer ${alice.token}`, "Content-Type": "multipart/form-data; boundary=b" },
    });
    request.on("error", () => undefined);
    request.write('--b\r\nContent-Disposition: form-data; name="file"; filename="cut"\r\n\r\n');
    request.write(randomBytes(1_000_000));
    await eventually(async () => expect(await filesNow()).toBe(before + 1), within);
    request.destroy();
    await eventually(async () => expect(await filesNow()).toBe(before), within);
  });

  it("that show people and groups are told to those whom they concern", async () => {
    const socket = await bob.socket();
    const mine = await alice.put<{ avatar: string }>("/api/users/me/avatar", formWith("me.png", png));
    const profile = { id: alice.id, name: "Alice", city: null, avatar: mine.body.avatar };
    expect(await socket.next({ type: "user_updated" })).toMatchObject({ payload: profile });
    const ours = await alice.put<Chat>(`/api/chats/${team.id}/avatar`, formWith("us.png", png));
    expect(await socket.next({ type: "update_chat" })).toMatchObject({ payload: { avatar: ours.body.avatar } });
    await socket.close();
    for (const path of [mine.body.avatar, `/api${String(ours.body.avatar)}`]) {
      expect((await download(path, bob)).bytes.subarray(8, 12).toString()).toBe("WEBP");
    }
    expect((await download(String(ours.body.avatar), eve)).status).toBe(404);
  });

  it("that showed a group are gone when its owner wants it, which is told", async () => {
    const { avatar } = (await alice.put<Chat>(`/api/chats/${team.id}/avatar`, formWith("us.png", png))).body;
    expect((await download(String(avatar), bob)).status).toBe(200);
    expect(await bob.delete(`/api/chats/${team.id}/avatar`)).toMatchObject({ status: 403 });
    const socket = await bob.socket();
    const removed = await alice.delete<Chat>(`/api/chats/${team.id}/avatar`);
    expect(removed).toMatchObject({ status: 200, body: { id: team.id, avatar: null } });
    // A new device may be told of the picture first: its instance may not have heard of that yet when it came.
    await socket.next({ type: "update_chat", payload: { id: team.id, avatar: null } });
    await socket.close();
    expect((await bob.get<Chat>(`/api/chats/${team.id}`)).body.avatar).toBeNull();
    expect((await download(String(avatar), bob)).status).toBe(404);
    // Again it changes nothing.
    expect(await alice.delete(`/api/chats/${team.id}/avatar`)).toMatchObject({
      status: 200,
      body: removed.body as object,
    });
  });

  it("that showed Alice are gone when she wants it, which is told once", async () => {
    const put = async () => (await alice.put<Profile>("/api/users/me/avatar", formWith("me.png", png))).body.avatar;
    const shown = await put();
    const socket = await bob.socket();
    const remove = () => alice.delete<Profile>("/api/users/me/avatar");
    expect(await remove()).toMatchObject({ status: 200, body: { id: alice.id, avatar: null } });
    await socket.next({ type: "user_updated", payload: { id: alice.id, avatar: null } });
    expect((await download(String(shown), bob)).status).toBe(404);
    expect(await remove()).toMatchObject({ status: 200, body: { id: alice.id, avatar: null } });
    // The second time said nothing: what is told next is what comes next.
    const next = await put();
    expect(await socket.next({ type: "user_updated" })).toMatchObject({ payload: { id: alice.id, avatar: next } });
    await socket.close();
  });
});
