import { beforeAll, describe, expect, it } from "@jest/globals";
import type { Chat, Message, ReadAnswer } from "./harness/api.ts";
import { useChat } from "./harness/embedded-chat.ts";
import { wholeHistory } from "./harness/pages.ts";
import { register, type User } from "./harness/user.ts";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe("all at once", () => {
  const chat = useChat();
  let alice: User;
  let bob: User;

  beforeAll(async () => {
    [alice, bob] = [await register(chat.url, "Alice"), await register(chat.url, "Bob")];
  });

  const newGroup = async (...others: User[]): Promise<string> =>
    (await alice.post<Chat>("/chats", { name: "race", member_ids: others.map(({ id }) => id) })).body.id;

  it("two hundred of both make the private chat of two: one chat, made once", async () => {
    const made = await Promise.all(
      upTo(200).map((n) =>
        n % 2 === 0
          ? alice.post<Chat>("/chats", { user2_id: bob.id })
          : bob.post<Chat>("/api/chats", { chat_type: "private", member_ids: [alice.id] }),
      ),
    );
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(1);
    expect(made.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(made.filter(({ status }) => status === 200)).toHaveLength(199);
    expect(made.every(({ body }) => body.version === 1)).toBe(true);
  });

  it("one e-mail is registered once", async () => {
    const account = { email: "twice@example.org", password: "the same for all", name: "Twice" };
    const made = await Promise.all(upTo(6).map(() => alice.post("/register", account)));
    expect(made.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
  });

  it("one key sent by HTTP and by sockets: one message, heard once", async () => {
    const id = await newGroup(bob);
    const sockets = await Promise.all([alice.socket(), alice.socket({ device: "other" }), bob.socket()]);
    const [one, other, listener] = sockets;
    if (one === undefined || other === undefined || listener === undefined)
      throw new Error("there is a socket missing");
    for (const n of upTo(20)) {
      const message = { text: `m${n}`, client_message_id: `key-${n}` };
      const posts = upTo(5).map(() => alice.post<Message>(`/chats/${id}/messages`, message));
      const asked = [one, other].map((socket) => socket.ask({ type: "send", chat_id: id, ...message }));
      const answers = await Promise.all(posts);
      const replies = await Promise.all(asked);
      const ids = [...answers.map(({ body }) => body.id), ...replies.map(({ result }) => (result as Message).id)];
      expect(new Set(ids).size).toBe(1);
      expect(answers.filter(({ status }) => status === 201).length).toBeLessThanOrEqual(1);
    }
    await alice.get(`/chats/${id}`);
    await listener.next({ type: "new_message", chat_id: id, payload: { text: "m19" } });
    await listener.settled();
    expect(listener.heard.filter(({ type, chat_id }) => type === "new_message" && chat_id === id)).toHaveLength(20);
    expect((await wholeHistory(bob, id)).map(({ text }) => text)).toEqual(upTo(20).map((n) => `m${n}`));
    for (const socket of sockets) await socket.close();
  });

  it("a burst on one socket is kept in the order of its frames", async () => {
    const id = await newGroup(bob);
    const [here, there] = [await alice.socket(), await bob.socket()];
    for (const n of upTo(50)) here.send({ type: "send", id: `s${n}`, chat_id: id, text: `m${n}` });
    await there.next({ type: "new_message", chat_id: id, payload: { text: "m49" } });
    const texts = upTo(50).map((n) => `m${n}`);
    expect((await wholeHistory(bob, id)).map(({ text }) => text)).toEqual(texts);
    // A device that comes back hears first what it has not proved to have: of other chats here.
    const heard = there.heard.filter(({ type, chat_id }) => type === "new_message" && chat_id === id);
    expect(heard.map(({ payload }) => (payload as Message).text)).toEqual(texts);
    await Promise.all([here.close(), there.close()]);
  });

  it("reading while others send: nobody's count is ever wrong, and every message is fully read once", async () => {
    const carol = await register(chat.url, "Carol");
    const id = await newGroup(bob, carol);
    const author = await alice.socket();
    let sending = true;
    const reading = [bob, carol].map(async (reader) => {
      while (sending) {
        const { body } = await reader.post<ReadAnswer>(`/chats/${id}/read`, {});
        expect(body.unread_count).toBeGreaterThanOrEqual(0);
        expect(body.unread_count).toBeLessThanOrEqual(60 - body.read_up_to);
      }
      return reader.post<ReadAnswer>(`/chats/${id}/read`, {});
    });
    for (const n of upTo(60)) await alice.post(`/chats/${id}/messages`, { text: `m${n}` });
    sending = false;
    for (const last of await Promise.all(reading)) expect(last.body).toMatchObject({ read_up_to: 60, unread_count: 0 });
    await author.next({ type: "fully_read", chat_id: id, payload: { up_to: 60 } });
    await author.settled();
    const told = author.heard.filter(({ type, chat_id }) => type === "fully_read" && chat_id === id);
    const ids = told.flatMap(({ payload }) => (payload as { message_ids: string[] }).message_ids);
    expect(ids).toEqual(upTo(60).map((n) => `${id}.${n + 1}`));
    await author.close();
  });

  it("leaving while sending: what was acknowledged came before, what came after is refused, and nothing is heard any more", async () => {
    const dave = await register(chat.url, "Dave");
    for (const _round of upTo(5)) {
      const id = await newGroup(bob, dave);
      const socket = await dave.socket();
      const sends = upTo(30).map((n) => dave.post<Message>(`/chats/${id}/messages`, { text: `d${n}` }));
      const left = dave.post(`/chats/${id}/leave`);
      const others = upTo(10).map((n) => bob.post<Message>(`/chats/${id}/messages`, { text: `b${n}` }));
      const answers = await Promise.all(sends);
      expect(await left).toMatchObject({ status: 204 });
      await Promise.all(others);
      expect(answers.every(({ status }) => status === 201 || status === 404)).toBe(true);
      const kept = (await wholeHistory(alice, id)).filter(({ sender_id }) => sender_id === dave.id);
      const acknowledged = answers.filter(({ status }) => status === 201).map(({ body }) => body.id);
      expect(kept.map((message) => message.id).sort()).toEqual(acknowledged.sort());
      const gone = await socket.next({ type: "member_removed", chat_id: id, payload: { user_id: dave.id } });
      await socket.settled();
      const later = socket.heard.filter((frame) => frame.chat_id === id && (frame.version ?? 0) > (gone.version ?? 0));
      expect(later).toEqual([]);
      expect(await dave.get(`/chats/${id}`)).toMatchObject({ status: 404 });
      await socket.close();
    }
  });

  it("editing, deleting and reading one message at once leaves one of the outcomes that could be", async () => {
    const id = await newGroup(bob);
    const { body: message } = await alice.post<Message>(`/chats/${id}/messages`, { text: "first" });
    const edits = upTo(10).map((n) => alice.put<Message>(`/messages/${message.id}`, { text: `edit ${n}` }));
    const gone = alice.delete<Message>(`/messages/${message.id}`);
    const reads = upTo(5).map(() => bob.put<ReadAnswer>(`/messages/${message.id}/read`));
    for (const { status } of await Promise.all(edits)) expect([200, 409]).toContain(status);
    for (const { status } of await Promise.all(reads)) expect(status).toBe(200);
    expect(await gone).toMatchObject({ status: 200, body: { deleted: true, text: "" } });
    expect(await wholeHistory(bob, id)).toMatchObject([{ deleted: true, text: "", is_read: true, read_count: 1 }]);
  });

  it("what one was answered, all others read at once", async () => {
    const id = await newGroup(bob);
    for (const n of upTo(40)) {
      const { body } = await alice.post<Message>(`/chats/${id}/messages`, { text: `m${n}` });
      const [page, listed] = await Promise.all([
        bob.get<Message[]>(`/chats/${id}/messages?limit=1`),
        bob.get<{ id: string; last_message: Message; unread_count: number }[]>("/chats?limit=1"),
      ]);
      expect(page.body).toEqual([body]);
      expect(listed.body).toMatchObject([{ id, last_message: body, unread_count: n + 1 }]);
    }
  });
});
