import { describe, expect, it } from "@jest/globals";
import type { Chat, Message } from "../harness/api.ts";
import { openDialect, refusedDialect } from "../harness/dialect-socket.ts";
import { type Address, stranger, type User, userWith } from "../harness/user.ts";
import { createCast, newAddress, newPerson, password, postForm } from "./person.ts";

const sentLine = (text: string): string => `✅ Сообщение '${text}' отправлено!`;
const newLine = (from: User, text: string): string => `📩 Новое сообщение от ${from.id}: ${text}`;
const repeatLine = "⚠️ Сообщение уже отправлено";
const marked = "Сообщение отмечено как прочитанное";

/** Seed 003: Postman's steps, and a socket in sentences at `/ws/{user_id}/{chat_id}`. */
export function plainTextStory(address: Address): void {
  const cast = createCast(address);
  const read = async (reader: User, messageId: string): Promise<unknown> =>
    (await reader.put<{ message: string }>(`/message/read/${messageId}`)).body.message;

  async function threeInAGroup() {
    const { alice: one, bob: two, carol: three } = await cast();
    const { body: chat } = await one.post<Chat>("/chats", {
      name: "Test Chat",
      chat_type: "group",
      member_ids: [two.id, three.id],
    });
    const open = (user: User, device = "one") =>
      openDialect(address, `/ws/${user.id}/${chat.id}`, { token: user.token, device });
    return { one, two, three, chat, open };
  }

  describe("seed 003, /ws/{user_id}/{chat_id}", () => {
    it("goes through the steps from registration to an empty history", async () => {
      const email = newAddress("user1");
      const registered = await stranger(address).post<{ id: string }>("/register", { name: "User1", email, password });
      expect(registered.status).toBe(201);
      const granted = await postForm(address, "/token", { username: email, password });
      expect(granted).toMatchObject({ status: 200, body: { access_token: expect.any(String), token_type: "bearer" } });
      const { access_token: token } = granted.body as { access_token: string };
      const user = userWith(address, { id: registered.body.id, name: "User1", email, token });

      const made = await user.post<Chat & { message: string }>("/chats", { name: "Test Chat", chat_type: "group" });
      expect(made).toMatchObject({ status: 201, body: { message: "Чат создан", chat_id: made.body.id } });
      const chatId = made.body.chat_id;
      const { bob: other } = await cast();
      expect(await user.post(`/chats/${chatId}/members?user_id=${other.id}`)).toMatchObject({
        status: 200,
        body: { message: `Пользователь ${other.id} добавлен в чат ${chatId}` },
      });
      expect(await user.get(`/history/${chatId}`)).toMatchObject({ status: 200, body: [] });
      expect((await postForm(address, "/token", { username: email, password: "wrong" })).status).toBe(401);
    });

    it("says to the author's devices that it was sent, and to the others what", async () => {
      const { one, two, three, chat, open } = await threeInAGroup();
      const [phone, laptop] = [await open(one, "phone"), await open(one, "laptop")];
      const twos = await open(two);
      // The other way round it is the same place.
      const threes = await openDialect(address, `/ws/${chat.id}/${three.id}`, { token: three.token });
      phone.send('"Hello, World!"');
      for (const socket of [phone, laptop]) {
        expect(await socket.until(sentLine("Hello, World!"))).toEqual([sentLine("Hello, World!")]);
      }
      for (const socket of [twos, threes]) {
        expect(await socket.until(newLine(one, "Hello, World!"))).toEqual([newLine(one, "Hello, World!")]);
      }
      const { body: history } = await two.get<Message[]>(`/history/${chat.id}`);
      expect(history).toMatchObject([{ text: "Hello, World!", sender_id: one.id, is_read: false }]);
    });

    it("takes the same text from the same user for a repeat, from whichever device, and says so to that one only", async () => {
      const { one, two, open } = await threeInAGroup();
      const [phone, laptop, twos] = [await open(one, "phone"), await open(one, "laptop"), await open(two)];
      phone.send("привет");
      laptop.send("привет");
      // One of them was first; the other hears so, and both that it was sent.
      const marker = "дальше";
      await twos.until(newLine(one, "привет"));
      twos.send(marker);
      const heard = [...(await phone.until(newLine(two, marker))), ...(await laptop.until(newLine(two, marker)))];
      const repeats = (lines: readonly unknown[]) => lines.filter((line) => line === repeatLine).length;
      if (repeats(heard) === 0) await Promise.any([phone.until(repeatLine), laptop.until(repeatLine)]);
      expect(repeats([...phone.heard, ...laptop.heard])).toBe(1);
      expect(heard.filter((line) => line === sentLine("привет"))).toHaveLength(2);
      // Another's same text is another message.
      twos.send("привет");
      expect(await twos.until(sentLine("привет"))).toEqual([sentLine(marker), sentLine("привет")]);
    });

    it("takes a client's number that comes again for a repeat, however late", async () => {
      const { one, two, open } = await threeInAGroup();
      const [ones, twos] = [await open(one), await open(two)];
      ones.send({ text: "раз", client_message_id: "c-1" });
      await ones.until(sentLine("раз"));
      ones.send({ text: "раз", client_message_id: "c-1" });
      expect(await ones.until(repeatLine)).toEqual([repeatLine]);
      ones.send("два");
      expect(await twos.until(newLine(one, "два"))).toEqual([newLine(one, "раз"), newLine(one, "два")]);
    });

    it("says once that all have read it, when all others have, and only to its author", async () => {
      const { one, two, three, chat, open } = await threeInAGroup();
      const [phone, laptop, twos, threes] = [
        await open(one, "phone"),
        await open(one, "laptop"),
        await open(two),
        await open(three),
      ];
      const { body: sent } = await one.post<Message>(`/chats/${chat.id}/messages`, { text: "прочтите" });
      expect(await read(two, sent.id)).toBe(marked);
      expect(await read(two, sent.id)).toBe(marked);
      twos.send("ещё не все");
      // All that was pushed until then: no notice yet.
      const early = await phone.until(newLine(two, "ещё не все"));
      expect(early).toEqual([sentLine("прочтите"), newLine(two, "ещё не все")]);
      await laptop.until(newLine(two, "ещё не все"));

      expect(await read(three, sent.id)).toBe(`Сообщение ${sent.id} полностью прочитано!`);
      expect(await read(three, sent.id)).toBe(marked);
      expect(await read(one, sent.id)).toBe(marked);
      threes.send("теперь все");
      const notice = `✅ Ваше сообщение ${sent.id} полностью прочитано!`;
      for (const socket of [phone, laptop]) {
        expect(await socket.until(newLine(three, "теперь все"))).toEqual([notice, newLine(three, "теперь все")]);
      }
      expect(await twos.until(newLine(three, "теперь все"))).not.toContain(notice);
      const { body: history } = await one.get<Message[]>(`/history/${chat.id}`);
      expect(history[0]).toMatchObject({ is_read: true, read_count: 2 });
    });

    it("says so when the last one who had not read it leaves, and says less in a chat of two", async () => {
      const { one, two, three, chat, open } = await threeInAGroup();
      const ones = await open(one);
      const { body: first } = await one.post<Message>(`/chats/${chat.id}/messages`, { text: "раз" });
      await read(two, first.id);
      await three.post(`/chats/${chat.id}/leave`);
      const { body: second } = await one.post<Message>(`/chats/${chat.id}/messages`, { text: "два" });
      expect(await read(two, second.id)).toBe(marked);
      expect(await ones.until(`✅ Ваше сообщение ${second.id} прочитано!`)).toEqual([
        sentLine("раз"),
        `✅ Ваше сообщение ${first.id} прочитано!`,
        sentLine("два"),
        `✅ Ваше сообщение ${second.id} прочитано!`,
      ]);
    });

    it("brings what was missed, and the notices, when a device comes back", async () => {
      const { one, two, three, chat, open } = await threeInAGroup();
      await (await open(one)).close();
      const { body: sent } = await one.post<Message>(`/chats/${chat.id}/messages`, { text: "раз" });
      await two.post(`/chats/${chat.id}/messages`, { text: "два" });
      await read(two, sent.id);
      await read(three, sent.id);
      const back = await open(one);
      await three.post(`/chats/${chat.id}/messages`, { text: "сейчас" });
      expect(await back.until(newLine(three, "сейчас"))).toEqual([
        sentLine("раз"),
        newLine(two, "два"),
        `✅ Ваше сообщение ${sent.id} полностью прочитано!`,
        newLine(three, "сейчас"),
      ]);
    });

    it("warns who floods it, in words, and then closes", async () => {
      const { one, open } = await threeInAGroup();
      const ones = await open(one);
      for (let sent = 0; sent < 1_000; sent += 1) ones.send("");
      expect(await ones.closed).toBe(4429);
      expect(ones.heard).toContain("⚠️ Сообщение не отправлено: слишком много сообщений, подождите");
    });

    it("is closed to strangers and to who takes another's place, and answers what it cannot send", async () => {
      const { one, two, chat, open } = await threeInAGroup();
      const outsider = await newPerson(address, "Stranger");
      const refused = (path: string, token?: string) =>
        refusedDialect(address, path, token === undefined ? {} : { token });
      expect(await refused(`/ws/${one.id}/${chat.id}`)).toBe(401);
      expect(await refused(`/ws/${one.id}/${chat.id}`, two.token)).toBe(403);
      expect(await refused(`/ws/${outsider.id}/${chat.id}`, outsider.token)).toBe(403);
      expect(await refused(`/ws/${one.id}/${crypto.randomUUID()}`, one.token)).toBe(403);
      expect(await refused("/ws/1/1", one.token)).toBe(403);
      expect((await outsider.put(`/message/read/${chat.id}.1`)).status).toBe(404);

      const ones = await open(one);
      for (const bad of ["", '""', "x".repeat(16_385), '{"text":"x","client_message_id":"a b"}']) {
        ones.send(bad);
        const answer = "⚠️ Сообщение не отправлено: текст пуст, слишком длинный или содержит недопустимые символы";
        expect(await ones.until(answer)).toEqual([answer]);
      }
      ones.send("я ещё здесь");
      await ones.until(sentLine("я ещё здесь"));
    });
  });
}
