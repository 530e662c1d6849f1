import { describe, expect, it } from "@jest/globals";
import type { Account, Chat } from "../harness/api.ts";
import { openDialect, refusedDialect } from "../harness/dialect-socket.ts";
import { type Address, stranger } from "../harness/user.ts";
import { createCast, newAddress, password } from "./person.ts";

const texts = (frames: readonly unknown[]): unknown[] => frames.map((frame) => (frame as { text?: unknown }).text);

/** Seed 000: private and group chats at `/chat/{chat_id}`, the same on all devices, and what was missed when one comes back. */
export function textRoomStory(address: Address): void {
  const cast = createCast(address);
  describe("seed 000, /chat/{chat_id}", () => {
    it("registers by name, e-mail and password, and gives a token", async () => {
      const whom = { username: "Алиса", email: newAddress("alice"), password };
      const { status, body } = await stranger(address).post<Account>("/register", whom);
      expect(status).toBe(201);
      expect(body).toMatchObject({ name: "Алиса", email: whom.email, token_type: "bearer" });
      expect(body.access_token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    });

    it("makes a private chat from a name and the other's id, a group from a name, its creator and ids with commas", async () => {
      const { alice, bob, carol } = await cast();
      const pair = await alice.post<Chat>("/chats", { name: "Мы", user2_id: Number(bob.id) });
      expect(pair).toMatchObject({ status: 201, body: { chat_type: "private", creator_id: alice.id } });
      expect([...pair.body.member_ids].sort()).toEqual([alice.id, bob.id].sort());
      const ids = `${bob.id}, ${carol.id}`;
      const group = await alice.post<Chat>("/chats", { name: "Все", creator_id: Number(alice.id), member_ids: ids });
      expect(group).toMatchObject({ status: 201, body: { chat_type: "group", creator_id: alice.id } });
      expect([...group.body.member_ids].sort()).toEqual([alice.id, bob.id, carol.id].sort());
      const others = await alice.post("/chats", { name: "Чужой", creator_id: bob.id, member_ids: ids });
      expect(others.status).toBe(422);
    });

    it("shows what is typed on every device of both, and to nobody else", async () => {
      const { alice, bob, carol } = await cast();
      const { body: chat } = await alice.post<Chat>("/chats", { name: "Мы", member_ids: [bob.id] });
      const path = `/chat/${chat.id}`;
      const open = (token: string, device: string) => openDialect(address, path, { token, device });
      const sockets = [
        await open(alice.token, "phone"),
        await open(alice.token, "laptop"),
        await open(bob.token, "phone"),
      ];
      sockets[0]?.send("Привет");
      for (const socket of sockets) await socket.until({ text: "Привет" });
      sockets[2]?.send({ text: "И тебе" });
      for (const socket of sockets) expect(texts(await socket.until({ text: "И тебе" }))).toEqual(["И тебе"]);
      expect(sockets[1]?.heard[0]).toEqual({
        type: "message",
        id: `${chat.id}.1`,
        chat_id: chat.id,
        sender_id: alice.id,
        text: "Привет",
        timestamp: expect.stringMatching(/Z$/),
        client_message_id: null,
      });

      expect(await refusedDialect(address, path, { token: carol.token })).toBe(403);
      expect(await refusedDialect(address, "/chat/1", { token: alice.token })).toBe(403);
      expect(await refusedDialect(address, path, {})).toBe(401);
      expect(await refusedDialect(address, path, { token: "made.up.token" })).toBe(401);
    });

    it("gives a device what it missed first, and a device that was never there what its user missed", async () => {
      const { alice, bob } = await cast();
      const { body: chat } = await alice.post<Chat>("/chats", { name: "Мы", member_ids: [bob.id] });
      const path = `/chat/${chat.id}`;
      const phone = await openDialect(address, path, { token: bob.token, device: "phone" });
      await phone.close();
      const alices = await openDialect(address, path, { token: alice.token });
      for (const text of ["раз", "два", "три"]) {
        alices.send(text);
        await alices.until({ text });
      }
      const back = await openDialect(address, path, { token: bob.token, device: "phone" });
      const tablet = await openDialect(address, path, { token: bob.token, device: "tablet" });
      alices.send("сейчас");
      for (const socket of [back, tablet]) {
        expect(texts(await socket.until({ text: "сейчас" }))).toEqual(["раз", "два", "три", "сейчас"]);
      }
    });

    it("shows a newcomer to a chat what was said since he is in it", async () => {
      const { alice, bob } = await cast();
      const { body: chat } = await alice.post<Chat>("/chats", { name: "Все" });
      await alice.post(`/chats/${chat.id}/messages`, { text: "ещё без Боба" });
      await alice.post(`/chats/${chat.id}/members?user_id=${bob.id}`);
      await alice.post(`/chats/${chat.id}/messages`, { text: "уже с Бобом" });
      const bobs = await openDialect(address, `/chat/${chat.id}`, { token: bob.token });
      expect(texts(await bobs.until({ text: "уже с Бобом" }))).toEqual(["уже с Бобом"]);
    });

    it("answers what it cannot send, and goes on", async () => {
      const { alice } = await cast();
      const { body: chat } = await alice.post<Chat>("/chats", { name: "Я" });
      const socket = await openDialect(address, `/chat/${chat.id}`, { token: alice.token });
      for (const bad of ["", "{}", '{"text":1}', '{"text":"\\u0000"}', "x".repeat(16_385), '{"type":"shout"}']) {
        socket.send(bad);
        expect(await socket.until({ type: "error" })).toHaveLength(1);
      }
      socket.send("Привет");
      await socket.until({ type: "message", text: "Привет" });
    });
  });
}
