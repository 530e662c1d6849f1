import { describe, expect, it } from "@jest/globals";
import type { Account, Chat, ListedChat, Message } from "../harness/api.ts";
import { openDialect, refusedDialect } from "../harness/dialect-socket.ts";
import { type Address, stranger, type User } from "../harness/user.ts";
import { createCast, newAddress, password } from "./person.ts";

/** Seed 004: an API under `/api`, and one socket for the chats that are joined on it at `/ws/{user_id}`. */
export function joinedChatsStory(address: Address): void {
  const cast = createCast(address);
  const open = (user: User, device = "one") => openDialect(address, `/ws/${user.id}`, { token: user.token, device });
  const say = async (user: User, chat: Chat, text: string): Promise<Message> =>
    (await user.post<Message>(`/api/chats/${chat.id}/messages`, { text })).body;

  async function pair() {
    const { alice, bob } = await cast();
    const { body: chat } = await alice.post<Chat>("/api/chats", { name: "Чат", participant_ids: [bob.id] });
    const { body: other } = await alice.post<Chat>("/api/chats", { title: "Другой", participant_ids: [bob.id] });
    return { alice, bob, chat, other };
  }

  describe("seed 004, /ws/{user_id}", () => {
    it("has its calls under /api", async () => {
      const email = newAddress("anna");
      const anybody = stranger(address);
      const registered = await anybody.post<Account>("/api/auth/register", { email, password, name: "Анна" });
      expect(registered.status).toBe(201);
      expect(await anybody.post("/api/auth/login", { email, password })).toMatchObject({
        status: 200,
        body: { email },
      });
      const { alice, bob, chat } = await pair();
      expect(await alice.get("/api/users/me")).toMatchObject({
        status: 200,
        body: { id: alice.id, email: alice.email },
      });
      const { body: users } = await alice.get<readonly { id: string }[]>(`/api/users?ids=${bob.id},${alice.id}`);
      expect(users.map(({ id }) => id)).toEqual([bob.id]);

      const sent = await say(alice, chat, "первое");
      expect(await alice.put(`/api/messages/${sent.id}`, { text: "правка" })).toMatchObject({
        status: 200,
        body: { text: "правка" },
      });
      expect((await bob.put(`/api/messages/${sent.id}`, { text: "чужое" })).status).toBe(403);
      const { body: listed } = await bob.get<ListedChat[]>("/api/chats");
      expect(listed.find(({ id }) => id === chat.id)).toMatchObject({
        last_message: { text: "правка" },
        unread_count: 1,
      });
      expect(await alice.delete(`/api/messages/${sent.id}`)).toMatchObject({ status: 200, body: { deleted: true } });
      expect(await bob.get(`/api/chats/${chat.id}/messages`)).toMatchObject({
        status: 200,
        body: [{ deleted: true, text: "" }],
      });
      expect((await alice.post("/api/chats", { name: "x", surprise: 1 })).status).toBe(422);
    });

    it("tells what happens in the chats that are joined, on every device, and of no other", async () => {
      const { alice, bob, chat, other } = await pair();
      const [phone, laptop] = [await open(bob, "phone"), await open(bob, "laptop")];
      for (const socket of [phone, laptop]) {
        socket.send({ type: "join_chat", chat_id: chat.id });
        expect(await socket.until({ type: "joined" })).toEqual([{ type: "joined", chat_id: chat.id }]);
      }
      await say(alice, other, "не сюда");
      const sent = await say(alice, chat, "привет");
      await alice.put(`/api/messages/${sent.id}`, { text: "правка" });
      const form = new FormData();
      form.set("file", new Blob(["снег"]), "снег.txt");
      expect(await alice.post(`/api/messages/${sent.id}/files`, form)).toMatchObject({ status: 201 });
      await alice.delete(`/api/messages/${sent.id}`);
      for (const socket of [phone, laptop]) {
        expect(await socket.until({ type: "message_deleted" })).toMatchObject([
          { type: "new_message", message: { id: sent.id, chat_id: chat.id, sender_id: alice.id } },
          { type: "message_updated", message: { id: sent.id, text: "правка", files: [] } },
          { type: "message_updated", message: { id: sent.id, text: "правка", files: [{ name: "снег.txt" }] } },
          { type: "message_deleted", message_id: sent.id, chat_id: chat.id },
        ]);
      }
    });

    it("leaves a chat on one socket only, and does not leave the chat", async () => {
      const { alice, bob, chat, other } = await pair();
      const bobs = await open(bob);
      for (const { id } of [chat, other]) {
        bobs.send({ type: "join_chat", chat_id: id });
        await bobs.until({ type: "joined", chat_id: id });
      }
      bobs.send({ type: "leave_chat", chat_id: chat.id });
      // Frames are taken in turn: with this answer the other is done.
      bobs.send({ type: "join_chat", chat_id: other.id });
      await bobs.until({ type: "joined", chat_id: other.id });
      await say(alice, chat, "без Боба");
      await say(alice, other, "с Бобом");
      expect(await bobs.until({ type: "new_message" })).toMatchObject([{ message: { text: "с Бобом" } }]);
      expect((await bob.get(`/api/chats/${chat.id}/messages`)).status).toBe(200);

      bobs.send({ type: "join_chat", chat_id: chat.id });
      expect(await bobs.until({ type: "new_message" })).toMatchObject([
        { type: "joined", chat_id: chat.id },
        { type: "new_message", message: { text: "без Боба" } },
      ]);
    });

    it("answers each of many joins at once, in their order, and a leave among them holds", async () => {
      const { alice, bob, chat, other } = await pair();
      const bobs = await open(bob);
      const joins = [chat.id, chat.id, other.id, crypto.randomUUID(), chat.id, other.id];
      for (const chatId of joins) bobs.send({ type: "join_chat", chat_id: chatId });
      bobs.send({ type: "leave_chat", chat_id: chat.id });
      bobs.send({ type: "join_chat", chat_id: other.id });
      const joined = (chatId: string) => ({ type: "joined", chat_id: chatId });
      for (const chatId of [chat.id, chat.id, other.id])
        expect(await bobs.until({ type: "joined" })).toEqual([joined(chatId)]);
      expect(await bobs.until({ type: "error" })).toHaveLength(1);
      for (const chatId of [chat.id, other.id, other.id])
        expect(await bobs.until({ type: "joined" })).toEqual([joined(chatId)]);
      await say(alice, chat, "без Боба");
      await say(alice, other, "с Бобом");
      expect(await bobs.until({ type: "new_message" })).toMatchObject([{ message: { text: "с Бобом" } }]);
    });

    it("brings what was missed in a chat after it is joined again", async () => {
      const { alice, bob, chat } = await pair();
      const before = await open(bob);
      before.send({ type: "join_chat", chat_id: chat.id });
      await before.until({ type: "joined" });
      await before.close();
      for (const text of ["раз", "два"]) await say(alice, chat, text);
      const back = await open(bob);
      back.send({ type: "join_chat", chat_id: chat.id });
      await back.until({ type: "joined" });
      await say(alice, chat, "сейчас");
      const told = await back.until({ message: { text: "сейчас" } });
      expect(told.map((frame) => (frame as { message?: Message }).message?.text)).toEqual(["раз", "два", "сейчас"]);
    });

    it("tells who types to those who have joined the chat", async () => {
      const { alice, bob, chat, other } = await pair();
      const [alices, bobs] = [await open(alice), await open(bob)];
      for (const socket of [alices, bobs]) {
        socket.send({ type: "join_chat", chat_id: chat.id });
        await socket.until({ type: "joined" });
      }
      alices.send({ type: "join_chat", chat_id: other.id });
      await alices.until({ type: "joined" });
      await say(alice, chat, "сейчас начну");
      await bobs.until({ message: { text: "сейчас начну" } });
      alices.send({ type: "typing", chat_id: other.id, is_typing: true });
      alices.send({ type: "typing", chat_id: chat.id, is_typing: true });
      const typing = { type: "typing", chat_id: chat.id, user_id: alice.id };
      expect(await bobs.until({ type: "typing" })).toEqual([{ ...typing, is_typing: true }]);
      alices.send({ type: "typing", chat_id: chat.id, is_typing: false });
      expect(await bobs.until({ type: "typing" })).toEqual([{ ...typing, is_typing: false }]);
    });

    it("joins only who is a member, and shows nothing more to who is no member any more", async () => {
      const { alice, bob, chat } = await pair();
      const { carol } = await cast();
      const carols = await open(carol);
      for (const chatId of [chat.id, crypto.randomUUID(), "general", "1"]) {
        carols.send({ type: "join_chat", chat_id: chatId });
        expect(await carols.until({ type: "error" })).toHaveLength(1);
      }
      const bobs = await open(bob);
      bobs.send({ type: "join_chat", chat_id: chat.id });
      await bobs.until({ type: "joined" });
      await alice.delete(`/api/chats/${chat.id}/members/${bob.id}`);
      await say(alice, chat, "без Боба");
      const { body: own } = await bob.post<Chat>("/api/chats", { name: "Мой" });
      bobs.send({ type: "join_chat", chat_id: own.id });
      expect(await bobs.until({ type: "joined" })).toEqual([{ type: "joined", chat_id: own.id }]);
      bobs.send({ type: "join_chat", chat_id: chat.id });
      await bobs.until({ type: "error" });
    });

    it("is closed to others, and answers bad frames", async () => {
      const { alice, bob } = await pair();
      expect(await refusedDialect(address, `/ws/${alice.id}`, { token: bob.token })).toBe(403);
      expect(await refusedDialect(address, `/ws/${alice.id}`, {})).toBe(401);
      for (const cursor of ["garbage", ""])
        expect(await refusedDialect(address, `/ws/${alice.id}`, { token: alice.token, cursor })).toBe(422);
      const socket = await open(alice);
      for (const bad of [
        "",
        "hello",
        "{}",
        { type: "join_chat" },
        { type: "join_chat", chat_id: 1 },
        { type: "shout" },
      ]) {
        socket.send(bad);
        expect(await socket.until({ type: "error" })).toHaveLength(1);
      }
    });
  });
}
