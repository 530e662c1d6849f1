import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { compileCache } from "@chat/shared/testing/compile-cache";
import type { ListedChat, Message } from "./harness/api.ts";
import { useChat } from "./harness/embedded-chat.ts";
import { repository } from "./harness/readme.ts";
import { sendHttpFile, sendPostmanCollection } from "./harness/request-files.ts";
import { stranger, userWith, type User } from "./harness/user.ts";

const emails = ["alice", "bob", "charlie", "david"].map((name) => `${name}@example.com`);

/** What `npm run demo` does, with another chat than the one that may run here. */
function runDemo(
  url: string,
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const env = { ...compileCache, CHAT_URL: url };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(repository, "deploy/demo/main.ts")], { env }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe("npm run demo", () => {
  const chat = useChat();

  async function logIn(email: string): Promise<User> {
    const { body } = await stranger(chat.url).post<{ id: string; name: string; access_token: string }>("/login", {
      email,
      password: "password123",
    });
    return userWith(chat.url, { id: body.id, name: body.name, email, token: body.access_token });
  }

  async function look() {
    const people = await Promise.all(emails.map(logIn));
    const lists = people.map(async ({ get }) => (await get<ListedChat[]>("/chats")).body);
    const chats = await Promise.all(lists);
    const histories = (chats[0] ?? []).map(
      async ({ id }) => (await people[0]?.get<Message[]>(`/chats/${id}/messages`))?.body,
    );
    return { names: people.map(({ name }) => name), chats, histories: await Promise.all(histories) };
  }

  it("makes four people, a private chat of ten messages and a group of fifteen, and nothing the second time", async () => {
    const first = await runDemo(await chat.url());
    expect(first).toMatchObject({ exitCode: 0, stderr: "" });
    expect(first.stdout).toContain("made 4 people, 2 chats, 25 messages");
    const seen = await look();
    expect(seen.names).toEqual(["Алиса", "Боб", "Чарли", "Дэвид"]);
    expect(seen.chats.map((chats) => chats.map(({ type, name }) => [type, name]))).toEqual([
      ...Array.from({ length: 2 }, () => [
        ["group", "Команда проекта"],
        ["private", null],
      ]),
      ...Array.from({ length: 2 }, () => [["group", "Команда проекта"]]),
    ]);
    expect(seen.histories.map((messages) => messages?.length)).toEqual([15, 10]);

    const second = await runDemo(await chat.url());
    expect(second).toMatchObject({ exitCode: 0, stderr: "" });
    expect(second.stdout).toContain("made 0 people, 0 chats, 0 messages");
    expect(await look()).toEqual(seen);
  });

  it("leaves a chat in which every request of docs/chat.http and of the Postman collection succeeds", async () => {
    const url = await chat.url();
    const docs = (name: string) => readFile(join(repository, "docs", name), "utf8");
    const bySight = await sendHttpFile(await docs("chat.http"), url);
    expect(bySight.filter(({ status }) => status < 200 || status > 299)).toEqual([]);
    expect(bySight.length).toBeGreaterThan(15);
    const byPostman = await sendPostmanCollection(await docs("chat.postman_collection.json"), url);
    // A chat, a group or a read pointer that was there already may be answered otherwise; the calls are the same.
    expect(byPostman.map(({ title, call }) => [title, call])).toEqual(bySight.map(({ title, call }) => [title, call]));
  });

  it("leaves out what somebody would say where he is no more, and says so", async () => {
    const [alice, , charlie] = await Promise.all(emails.map(logIn));
    const group = (await alice?.get<ListedChat[]>("/chats"))?.body.find(({ name }) => name === "Команда проекта")?.id;
    await charlie?.post(`/chats/${group ?? ""}/leave`, {});
    const withoutOne = await runDemo(await chat.url());
    expect(withoutOne).toMatchObject({ exitCode: 0, stderr: "" });
    expect(withoutOne.stdout).toContain(
      "left out 4 messages: their writers have left the chat since, or it was deleted",
    );
    await alice?.delete(`/chats/${group ?? ""}`);
    const without = await runDemo(await chat.url());
    expect(without).toMatchObject({ exitCode: 0, stderr: "" });
    expect(without.stdout).toContain("left out 15 messages");
  });

  it("says in one line that no chat is there", async () => {
    const { exitCode, stdout, stderr } = await runDemo("http://127.0.0.1:9");
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(/^demo: CHAT_URL: no chat answers at http:\/\/127\.0\.0\.1:9 .*npm start\n$/);
  });
});
