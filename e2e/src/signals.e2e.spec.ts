import { beforeAll, describe, expect, it } from "@jest/globals";
import { eventually } from "@chat/shared/testing/eventually";
import type { Chat } from "./harness/api.ts";
import { connected, openChat, startClient } from "./harness/client.ts";
import { useChat } from "./harness/embedded-chat.ts";
import { register, type User } from "./harness/user.ts";

const within = { within: 30_000 };

describe("alice and bob", () => {
  const chat = useChat();
  let alice: User;
  let bob: User;
  let chatId: string;

  beforeAll(async () => {
    alice = await register(chat.url, "Alice");
    bob = await register(chat.url, "Bob");
    const made = await alice.post<Chat>("/api/chats", { chat_type: "private", member_ids: [bob.id] });
    chatId = made.body.id;
  });

  it("see each other come, type, be renamed and go, and a stranger sees none of it", async () => {
    const stranger = await (await register(chat.url, "Eve")).socket();
    const url = await chat.url();
    await using watching = startClient(url, bob);
    await openChat(watching, chatId);
    {
      await using typing = startClient(url, alice);
      await connected(typing);
      await eventually(() => expect(watching.state().online).toEqual(new Set([alice.id])), within);
      await eventually(() => expect(typing.state().online).toEqual(new Set([bob.id])), within);
      // A chat that was just made may not have reached the socket's instance yet: then nobody is told.
      await eventually(() => {
        typing.typing(chatId);
        expect(watching.state().typing.get(chatId)).toEqual(new Set([alice.id]));
      }, within);
      typing.send(chatId, "hello");
      await eventually(() => expect(watching.state().chats.get(chatId)?.lastSeq).toBe(1), within);
      expect(watching.state().typing.size).toBe(0);
      await alice.patch("/api/users/me", { name: "Alice the Second", city: "Porto" });
      for (const client of [watching, typing]) {
        await eventually(
          () => expect(client.state().users.get(alice.id)).toMatchObject({ name: "Alice the Second", city: "Porto" }),
          within,
        );
      }
      expect(watching.state().chats.get(chatId)?.members?.get(alice.id)?.name).toBe("Alice the Second");
    }
    await eventually(() => expect(watching.state().online).toEqual(new Set()), within);
    await stranger.settled();
    expect(stranger.heard.filter(({ type }) => ["typing", "presence", "user_updated"].includes(type))).toEqual([]);
    expect(JSON.stringify(watching.news)).not.toContain(alice.email);
    await stranger.close();
  });
});
