import { describe, expect, it } from "@jest/globals";
import type { Account, Chat, ListedChat, Message } from "../harness/api.ts";
import { openDialect, refusedDialect } from "../harness/dialect-socket.ts";
import { type Address, stranger, userWith } from "../harness/user.ts";
import { createCast, newAddress, password } from "./person.ts";

/** Seed 001: an API with private and group chats, and a socket for each chat at `/ws/{chat_id}`. */
export function chatRoomStory(address: Address): void {
  const cast = createCast(address);
  describe("seed 001, /ws/{chat_id}", () => {
    it("registers, logs in and says who one is", async () => {
      const email = newAddress("user");
      const anybody = stranger(address);
      const registered = await anybody.post<Account>("/register", { email, password, name: "User Name" });
      expect(registered).toMatchObject({ status: 201, body: { email, name: "User Name" } });
      const { status, body } = await anybody.post<Account>("/login", { email, password });
      expect({ status, body }).toMatchObject({ status: 200, body: { id: registered.body.id, token_type: "bearer" } });
      const user = userWith(address, { id: body.id, name: "User Name", email, token: body.access_token });
      expect(await user.get("/me")).toMatchObject({ status: 200, body: { id: body.id, email, name: "User Name" } });
      expect((await anybody.get("/me")).status).toBe(401);
      expect((await anybody.post("/login", { email, password: "wrong" })).status).toBe(401);
    });

    it("makes chats, sends messages and pages through history", async () => {
      const { alice, bob } = await cast();
      const asked = { name: "Название чата", chat_type: "private", member_ids: [Number(bob.id)] };
      const { status, body: chat } = await alice.post<Chat>("/chats", asked);
      expect({ status, type: chat.chat_type }).toEqual({ status: 201, type: "private" });
      for (const text of ["раз", "два", "три"]) {
        const sent = await alice.post<Message>(`/chats/${chat.id}/messages`, { text });
        expect(sent).toMatchObject({ status: 201, body: { chat_id: chat.id, sender_id: alice.id, text } });
      }
      const { body: chats } = await bob.get<ListedChat[]>("/chats");
      expect(chats[0]).toMatchObject({ id: chat.id, unread_count: 3, last_message: { text: "три" } });
      const { body: messages } = await bob.get<Message[]>(`/chats/${chat.id}/messages`);
      expect(messages.map(({ text }) => text)).toEqual(["раз", "два", "три"]);
      const page = await bob.get(`/history/${chat.id}?limit=2&offset=1`);
      expect(page).toMatchObject({
        status: 200,
        body: { items: [{ text: "два" }, { text: "три" }], total: 3, limit: 2, offset: 1 },
      });
      expect(await bob.get(`/history/${chat.id}?limit=50&offset=0`)).toMatchObject({ body: { total: 3, limit: 50 } });
      const { carol } = await cast();
      expect((await carol.get(`/history/${chat.id}`)).status).toBe(404);
    });

    it("tells all in the chat, the sender too, on all devices; a read only to the author", async () => {
      const { alice, bob, carol } = await cast();
      const { body: chat } = await alice.post<Chat>("/chats", {
        name: "Команда",
        chat_type: "group",
        member_ids: [bob.id, carol.id],
      });
      const path = `/ws/${chat.id}`;
      const phone = await openDialect(address, path, { token: alice.token, device: "phone" });
      const laptop = await openDialect(address, path, { token: alice.token, device: "laptop" });
      const bobs = await openDialect(address, path, { token: bob.token });
      const carols = await openDialect(address, path, { token: carol.token });
      const all = [phone, laptop, bobs, carols];

      phone.send({ type: "message", text: "Текст сообщения" });
      const [message] = await bobs.until({ type: "message" });
      expect(message).toEqual({
        type: "message",
        id: `${chat.id}.1`,
        chat_id: chat.id,
        sender_id: alice.id,
        text: "Текст сообщения",
        timestamp: expect.stringMatching(/Z$/),
        client_message_id: null,
      });
      for (const socket of [phone, laptop, carols]) expect(await socket.until({ type: "message" })).toEqual([message]);

      bobs.send({ type: "read", message_id: `${chat.id}.1` });
      const notice = { type: "read", message_id: `${chat.id}.1`, reader_id: bob.id };
      for (const socket of [phone, laptop]) expect(await socket.until(notice)).toEqual([notice]);
      // What comes next is what comes after: no notice was for the others.
      carols.send({ type: "message", text: "Дальше" });
      for (const socket of all) expect(await socket.until({ text: "Дальше" })).toHaveLength(1);
      const { body: history } = await alice.get<Message[]>(`/history/${chat.id}`);
      expect(history[0]).toMatchObject({ is_read: false, read_count: 1 });
    });

    it("answers a number that was sent before with the first message, to the sending device alone", async () => {
      const { alice, bob } = await cast();
      const { body: chat } = await alice.post<Chat>("/chats", { member_ids: [bob.id], chat_type: "group" });
      const path = `/ws/${chat.id}`;
      const [phone, laptop] = [
        await openDialect(address, path, { token: alice.token, device: "phone" }),
        await openDialect(address, path, { token: alice.token, device: "laptop" }),
      ];
      const bobs = await openDialect(address, path, { token: bob.token });
      const first = { type: "message", text: "один раз", client_message_id: "c-1" };
      phone.send(first);
      const [frame] = await laptop.until(first);
      expect(await phone.until(first)).toEqual([frame]);
      phone.send(first);
      expect(await phone.until(first)).toEqual([frame]);
      phone.send({ ...first, text: "другой текст" });
      await phone.until({ type: "error", error: { code: "idempotency_conflict" } });
      bobs.send({ type: "message", text: "конец" });
      expect(await laptop.until({ text: "конец" })).toHaveLength(1);
      expect(await bobs.until({ text: "конец" })).toMatchObject([{ text: "один раз" }, { text: "конец" }]);
    });

    it("brings to a device that comes back what it missed, read notices too, and nothing to strangers", async () => {
      const { alice, bob, carol } = await cast();
      const { body: chat } = await alice.post<Chat>("/chats", { member_ids: [bob.id], chat_type: "group" });
      const path = `/ws/${chat.id}`;
      await (await openDialect(address, path, { token: alice.token, device: "phone" })).close();
      const { body: sent } = await alice.post<Message>(`/chats/${chat.id}/messages`, { text: "ты здесь?" });
      await bob.put(`/message/read/${sent.id}`);
      const back = await openDialect(address, path, { token: alice.token, device: "phone" });
      await bob.post("/message/", { chat_id: chat.id, text: "здесь" });
      expect(await back.until({ text: "здесь" })).toMatchObject([
        { type: "message", text: "ты здесь?" },
        { type: "read", message_id: sent.id, reader_id: bob.id },
        { type: "message", text: "здесь" },
      ]);
      expect(await refusedDialect(address, path, { token: carol.token })).toBe(403);
      expect(await refusedDialect(address, `/ws/${crypto.randomUUID()}`, { token: alice.token })).toBe(403);
      expect(await refusedDialect(address, path, {})).toBe(401);
    });

    it("ends for who is removed, and answers bad frames", async () => {
      const { alice, bob } = await cast();
      const { body: chat } = await alice.post<Chat>("/chats", { name: "Команда", member_ids: [bob.id] });
      const bobs = await openDialect(address, `/ws/${chat.id}`, { token: bob.token });
      const bad = [
        "",
        "hello",
        "{}",
        { type: "message" },
        { type: "read", message_id: 1 },
        { type: "read", message_id: "1" },
      ];
      for (const frame of bad) {
        bobs.send(frame);
        expect(await bobs.until({ type: "error" })).toHaveLength(1);
      }
      bobs.send({ type: "message", text: "я ещё здесь" });
      await bobs.until({ text: "я ещё здесь" });
      await alice.delete(`/chats/${chat.id}/members/${bob.id}`);
      expect(await bobs.closed).toBe(4403);
      expect(await refusedDialect(address, `/ws/${chat.id}`, { token: bob.token })).toBe(403);
    });
  });
}
