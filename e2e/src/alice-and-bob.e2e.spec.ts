import { beforeAll, describe, expect, it } from "@jest/globals";
import type { Chat, ListedChat, Member, Message, ReadAnswer, Unread } from "./harness/api.ts";
import { expectNoPostgres, useChat } from "./harness/embedded-chat.ts";
import { register, stranger, type User } from "./harness/user.ts";

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe("alice and bob", () => {
  const chat = useChat();
  let alice: User;
  let bob: User;
  let carol: User;

  beforeAll(async () => {
    // Alice comes last, so that what is ordered by who created it and what by number can be told apart.
    carol = await register(chat.url, "Carol");
    bob = await register(chat.url, "Bob");
    alice = await register(chat.url, "Alice");
  });

  describe("as accounts", () => {
    it("have an id, a token and what they said of themselves, and log in by JSON, form and query", async () => {
      const anyone = stranger(chat.url);
      const account = { email: "Dora@Example.org", password: "the dora explorer", username: "Dora", city: "Lisbon" };
      const made = await anyone.post<{ id: string }>("/register", { ...account, avatar: "http://elsewhere/a.png" });
      expect(made).toMatchObject({
        status: 201,
        body: { id: expect.stringMatching(/^\d+$/), name: "Dora", city: "Lisbon", avatar: null, token_type: "bearer" },
      });
      const { id } = made.body;
      const login = { email: "dora@example.org", password: account.password };
      const same = {
        id,
        name: "Dora",
        city: "Lisbon",
        access_token: expect.any(String),
        expires_in: expect.any(Number),
      };
      expect(await anyone.post("/api/auth/login", login)).toMatchObject({ status: 200, body: same });
      const query = new URLSearchParams(login).toString();
      expect(await anyone.post(`/login?${query}`)).toMatchObject({ status: 200, body: same });
      const token = await postForm("/token", { username: login.email, password: login.password });
      expect(token).toMatchObject({ status: 200, body: { access_token: expect.any(String), token_type: "bearer" } });
      expect(await postForm("/login", login)).toMatchObject({ status: 200, body: same });
    });

    it("are told neither from nobody nor from one another by a wrong password", async () => {
      const wrong = { email: alice.email, password: "not the password" };
      const nobody = { email: "nobody@example.org", password: "not the password" };
      const anyone = stranger(chat.url);
      const [one, other] = [await anyone.post("/login", wrong), await anyone.post("/login", nobody)];
      expect(one).toMatchObject({ status: 401, body: { code: "invalid_credentials" } });
      const { request_id: _one, ...first } = one.body as { request_id: string };
      const { request_id: _other, ...second } = other.body as { request_id: string };
      expect(first).toEqual(second);
      expect(await anyone.post("/register", { email: alice.email, password: "something else" })).toMatchObject({
        status: 409,
        body: { code: "email_taken" },
      });
    });

    it("see themselves whole, others without their e-mail, and never themselves among others", async () => {
      for (const path of ["/me", "/users/me", "/api/auth/me", "/api/users/me"]) {
        expect(await alice.get(path)).toMatchObject({ status: 200, body: { id: alice.id, email: alice.email } });
      }
      const { body: users } = await alice.get<{ id: string }[]>("/users?limit=100");
      expect(users.map(({ id }) => id)).toEqual(expect.arrayContaining([bob.id, carol.id]));
      expect(users.map(({ id }) => id)).not.toContain(alice.id);
      expect(JSON.stringify(users)).not.toContain("@");
      expect((await alice.get<unknown[]>("/api/users?query=bo")).body).toEqual([
        { id: bob.id, name: "Bob", city: null, avatar: null },
      ]);
      expect((await alice.get<{ id: string }[]>(`/users?ids=${bob.id},${carol.id}`)).body.map(({ id }) => id)).toEqual([
        bob.id,
        carol.id,
      ]);
      expect(await alice.get(`/users/${bob.id}`)).toMatchObject({ status: 200, body: { id: bob.id, name: "Bob" } });
      expect(await alice.patch("/me", { city: "Porto" })).toMatchObject({ status: 200, body: { city: "Porto" } });
      expect(await bob.get(`/api/users/${alice.id}`)).toMatchObject({ body: { city: "Porto" } });
    });
  });

  describe("in a private chat", () => {
    it("is one chat for the pair, whoever asks and in whatever words", async () => {
      const [eve, mallory] = [await register(chat.url, "Eve"), await register(chat.url, "Mallory")];
      const made = await eve.post<Chat & { message: string }>("/api/chats", {
        chat_type: "private",
        member_ids: [mallory.id],
      });
      expect(made).toMatchObject({
        status: 201,
        body: {
          id: expect.stringMatching(uuid),
          chat_type: "private",
          type: "private",
          name: null,
          title: null,
          creator_id: eve.id,
          member_ids: [eve.id, mallory.id],
          created_at: expect.stringMatching(instant),
          message: "Чат создан",
        },
      });
      const { id } = made.body;
      expect(made.body.chat_id).toBe(id);
      const again: readonly [User, object][] = [
        [mallory, { type: "private", participant_ids: [eve.id] }],
        [eve, { user2_id: Number(mallory.id) }],
        [eve, { chat_type: "private", member_ids: `${eve.id},${mallory.id}`, creator_id: eve.id }],
      ];
      for (const [who, body] of again)
        expect(await who.post("/chats", body)).toMatchObject({ status: 200, body: { id } });
      expect(await eve.patch(`/chats/${id}`, { name: "ours" })).toMatchObject({
        status: 409,
        body: { code: "private_chat_immutable" },
      });
      expect(await eve.post(`/chats/${id}/leave`)).toMatchObject({ status: 409 });
      expect(await eve.post(`/chats/${id}/members`, { user_id: alice.id })).toMatchObject({ status: 409 });
      expect(await alice.get(`/chats/${id}`)).toMatchObject({ status: 404, body: { code: "not_found" } });
    });

    it("a message is acknowledged, heard and read, and nothing of it happens twice", async () => {
      const [here, there] = [await alice.socket(), await bob.socket()];
      const created = await alice.post<Chat>("/api/chats", { chat_type: "private", member_ids: [bob.id] });
      const { id } = created.body;
      await Promise.all([here, there].map((socket) => socket.next({ type: "create_chat", chat_id: id, version: 1 })));

      const hello = { text: "Привет, Боб 🙂", client_message_id: "a-1" };
      const sent = await alice.post<Message>(`/api/chats/${id}/messages`, hello);
      expect(sent).toMatchObject({
        status: 201,
        body: {
          id: `${id}.1`,
          chat_id: id,
          seq: 1,
          sender_id: alice.id,
          ...hello,
          reply_to: null,
          created_at: expect.stringMatching(instant),
          edited_at: null,
          deleted: false,
          is_read: false,
          read: false,
          read_count: 0,
          files: [],
        },
      });
      expect(sent.body.timestamp).toBe(sent.body.created_at);
      for (const socket of [here, there]) {
        expect((await socket.next({ type: "new_message", chat_id: id })).payload).toEqual(sent.body);
      }
      expect(await bob.get(`/chats/${id}/messages`)).toMatchObject({ status: 200, body: [sent.body] });
      expect(await unreadOf(bob, id)).toBe(1);
      expect(await unreadOf(alice, id)).toBe(0);

      expect(await alice.post(`/chats/${id}/messages`, hello)).toMatchObject({ status: 200, body: sent.body });
      const key = { headers: { "idempotency-key": "a-1" } };
      expect(await alice.post(`/message/`, { chat_id: id, text: hello.text }, key)).toMatchObject({
        status: 200,
        body: sent.body,
      });
      expect(await alice.post(`/chats/${id}/messages`, { ...hello, text: "other" })).toMatchObject({
        status: 409,
        body: { code: "idempotency_conflict" },
      });
      // A key is its sender's: the same one of somebody else is another message.
      const reply = { text: "Hi", client_message_id: "a-1", reply_to: sent.body.id };
      const replied = await bob.post<Message>(`/chats/${id}/messages`, reply);
      expect(replied).toMatchObject({ status: 201, body: { seq: 2, reply_to: sent.body.id } });

      const read = await bob.put<ReadAnswer>(`/api/messages/${sent.body.id}/read`);
      expect(read.body).toEqual({
        message: "Сообщение отмечено как прочитанное",
        chat_id: id,
        read_up_to: 1,
        fully_read: true,
        unread_count: 0,
      });
      expect((await here.next({ type: "read", chat_id: id })).payload).toEqual({
        user_id: bob.id,
        up_to: 1,
        message_id: sent.body.id,
      });
      expect((await here.next({ type: "fully_read", chat_id: id })).payload).toEqual({
        message_ids: [sent.body.id],
        up_to: 1,
      });
      expect(await bob.put(`/message/read/${sent.body.id}`)).toMatchObject({ status: 200, body: { read_up_to: 1 } });
      expect((await alice.get<Message[]>(`/history/${id}`)).body[0]).toMatchObject({
        is_read: true,
        read: true,
        read_count: 1,
      });
      expect((await alice.get<{ user_id: string }[]>(`/messages/${sent.body.id}/readers`)).body).toEqual([
        { user_id: bob.id, name: "Bob", read_at: expect.stringMatching(instant) },
      ]);
      expect(await unreadOf(alice, id)).toBe(1);

      const edited = await alice.put<Message>(`/api/messages/${sent.body.id}`, { text: "Привет!" });
      expect(edited).toMatchObject({
        status: 200,
        body: { id: sent.body.id, seq: 1, text: "Привет!", edited_at: expect.stringMatching(instant), is_read: true },
      });
      const updated = await there.next({ type: "message_updated", chat_id: id });
      expect(updated).toMatchObject({
        seq: 1,
        payload: { text: "Привет!", client_message_id: "a-1", sender_id: alice.id },
      });
      expect((await bob.get<Message[]>(`/chats/${id}/messages`)).body[0]).toEqual(edited.body);
      // A repeat gets the message as it is now, not as it was sent.
      expect(await alice.post(`/chats/${id}/messages`, hello)).toMatchObject({
        status: 200,
        body: { text: "Привет!" },
      });
      expect(await bob.put(`/messages/${sent.body.id}`, { text: "mine" })).toMatchObject({
        status: 403,
        body: { code: "forbidden" },
      });

      expect(await bob.delete(`/messages/${replied.body.id}`)).toMatchObject({
        status: 200,
        body: { id: replied.body.id, seq: 2, text: "", deleted: true },
      });
      expect((await here.next({ type: "message_deleted", chat_id: id })).payload).toEqual({
        message_id: replied.body.id,
        seq: 2,
        by: bob.id,
      });
      expect(await unreadOf(alice, id)).toBe(0);
      expect(await bob.put(`/messages/${replied.body.id}`, { text: "back" })).toMatchObject({
        status: 409,
        body: { code: "message_deleted" },
      });
      expect((await alice.get<Message[]>(`/history/${id}`)).body.map(({ text }) => text)).toEqual(["Привет!", ""]);

      for (const socket of [here, there]) {
        await socket.settled();
        expect(socket.heard.filter(({ type, chat_id }) => type === "new_message" && chat_id === id)).toHaveLength(2);
        expect(socket.heard.filter(({ type }) => type === "error")).toEqual([]);
        await socket.close();
      }
      expect(there.heard.filter(({ type }) => type === "fully_read")).toEqual([]);
      expect(here.heard.filter(({ type }) => type === "fully_read")).toHaveLength(1);
    });

    it("is written into and read over sockets just as well", async () => {
      const { body: pair } = await alice.post<Chat>("/chats", { chat_type: "private", member_ids: [carol.id] });
      const [here, there] = [await alice.socket(), await carol.socket()];
      const frame = { type: "send", chat_id: pair.id, text: "over the wire", client_message_id: "ws-1" };
      const reply = await here.ask(frame);
      expect(reply).toMatchObject({ ok: true, result: { text: "over the wire", seq: 1, client_message_id: "ws-1" } });
      expect((await here.ask(frame)).result).toEqual(reply["result"]);
      expect(
        await alice.post(`/chats/${pair.id}/messages`, { text: frame.text, client_message_id: "ws-1" }),
      ).toMatchObject({
        status: 200,
        body: reply["result"],
      });
      expect((await there.next({ type: "new_message", chat_id: pair.id })).payload).toEqual(reply["result"]);
      expect(await there.ask({ type: "read", chat_id: pair.id, up_to: 1 })).toMatchObject({
        ok: true,
        result: { chat_id: pair.id, read_up_to: 1, fully_read: true, unread_count: 0 },
      });
      await here.next({ type: "fully_read", chat_id: pair.id, payload: { up_to: 1 } });
      expect(await here.ask({ type: "send", chat_id: crypto.randomUUID(), text: "x" })).toMatchObject({
        ok: false,
        error: { status: 404, code: "not_found" },
      });
      await Promise.all([here.close(), there.close()]);
    });
  });

  describe("in a group", () => {
    it("roles decide who may do what, and who has gone hears nothing more", async () => {
      const sockets = await Promise.all([alice.socket(), bob.socket(), carol.socket()]);
      const [a, b, c] = sockets;
      const made = await alice.post<Chat & { message: string }>(
        "/api/chats",
        { name: "Team", member_ids: [bob.id] },
        { headers: { "idempotency-key": "team" } },
      );
      expect(made).toMatchObject({
        status: 201,
        body: { chat_type: "group", name: "Team", title: "Team", creator_id: alice.id, member_ids: [bob.id, alice.id] },
      });
      const { id } = made.body;
      expect(
        await alice.post("/chats", { name: "Team", member_ids: [bob.id] }, { headers: { "idempotency-key": "team" } }),
      ).toMatchObject({
        status: 200,
        body: { id },
      });
      const { message: _said, ...created } = made.body;
      expect((await bob.get(`/chats/${id}`)).body).toEqual(created);
      expect((await b?.next({ type: "create_chat", chat_id: id }))?.payload).toEqual(created);
      await alice.post(`/chats/${id}/messages`, { text: "before Carol" });

      const path = `/api/chats/${id}`;
      expect(await carol.get(path)).toMatchObject({ status: 404 });
      expect(await bob.post(`${path}/members?user_id=${carol.id}`)).toMatchObject({ status: 403 });
      expect(await alice.post(`${path}/members?user_id=${carol.id}`)).toMatchObject({
        status: 200,
        body: {
          message: `Пользователь ${carol.id} добавлен в чат ${id}`,
          chat_id: id,
          user_id: carol.id,
          role: "member",
        },
      });
      await c?.next({ type: "create_chat", chat_id: id, payload: { member_ids: [bob.id, alice.id, carol.id] } });
      await b?.next({
        type: "member_added",
        chat_id: id,
        payload: { user_id: carol.id, name: "Carol", role: "member", by: alice.id },
      });
      const version = (await alice.get<Chat>(path)).body.version;
      expect(await alice.post(`${path}/members`, { user_ids: [carol.id] })).toMatchObject({ status: 200 });
      expect((await alice.get<Chat>(path)).body.version).toBe(version);
      // Who comes later reads it all, and nothing of it counts as unread.
      expect((await carol.get<Message[]>(`/history/${id}`)).body.map(({ text }) => text)).toEqual(["before Carol"]);
      expect(await unreadOf(carol, id)).toBe(0);

      expect(await bob.put(`${path}/members/${carol.id}/role`, { role: "admin" })).toMatchObject({ status: 403 });
      expect(await alice.put(`${path}/members/${bob.id}/role`, { role: "admin" })).toMatchObject({
        status: 200,
        body: { role: "admin" },
      });
      await c?.next({ type: "role_changed", chat_id: id, payload: { user_id: bob.id, role: "admin", by: alice.id } });
      expect(await bob.patch(path, { title: "The Team", description: "all of us" })).toMatchObject({
        status: 200,
        body: { name: "The Team", description: "all of us" },
      });
      await a?.next({ type: "update_chat", chat_id: id, payload: { name: "The Team", description: "all of us" } });
      expect((await carol.get<Member[]>(`${path}/members`)).body).toMatchObject([
        { user_id: bob.id, name: "Bob", role: "admin", read_up_to: 0 },
        {
          user_id: alice.id,
          id: alice.id,
          name: "Alice",
          role: "owner",
          read_up_to: 0,
          joined_at: expect.stringMatching(instant),
        },
        { user_id: carol.id, name: "Carol", role: "member", read_up_to: 1 },
      ]);

      const said = await carol.post<Message>(`${path}/messages`, { text: "everyone?" });
      expect(await bob.put(`/message/read/${said.body.id}`)).toMatchObject({
        body: { fully_read: false, read_up_to: 2 },
      });
      expect(await alice.put(`/message/read/${said.body.id}`)).toMatchObject({
        body: { fully_read: true, message: `Сообщение ${said.body.id} полностью прочитано!` },
      });
      expect((await c?.next({ type: "fully_read", chat_id: id }))?.payload).toEqual({
        message_ids: [said.body.id],
        up_to: 2,
      });

      expect(await carol.delete(`${path}/members/${bob.id}`)).toMatchObject({ status: 403 });
      expect(await bob.delete(`${path}/members/${carol.id}`)).toMatchObject({ status: 204 });
      const gone = await c?.next({ type: "member_removed", chat_id: id });
      expect(gone?.payload).toEqual({ user_id: carol.id, by: bob.id });
      const later = await alice.post<Message>(`${path}/messages`, { text: "without Carol", client_message_id: "wc" });
      await alice.put(`${path}/../../messages/${said.body.id}`, { text: "x" });
      await b?.next({ type: "new_message", chat_id: id, payload: { id: later.body.id } });
      await c?.settled();
      expect(c?.heard.filter(({ chat_id, version: at }) => chat_id === id && (at ?? 0) > (gone?.version ?? 0))).toEqual(
        [],
      );
      for (const lost of [
        path,
        `${path}/members`,
        `${path}/messages`,
        `/history/${id}`,
        `/messages/${later.body.id}/readers`,
      ]) {
        expect(await carol.get(lost)).toMatchObject({ status: 404 });
      }
      expect(await carol.post(`${path}/messages`, { text: "hello?" })).toMatchObject({ status: 404 });
      expect(await c?.ask({ type: "send", chat_id: id, text: "hello?" })).toMatchObject({
        ok: false,
        error: { code: "not_found" },
      });
      expect((await carol.get<ListedChat[]>("/chats")).body.map((listed) => listed.id)).not.toContain(id);
      expect((await carol.get<Unread>("/unread")).body.chats).not.toHaveProperty(id);

      expect(await alice.post(`${path}/leave`)).toMatchObject({ status: 409, body: { code: "last_owner" } });
      expect(await alice.post(`${path}/leave`, { new_owner_id: bob.id })).toMatchObject({ status: 204 });
      await b?.next({ type: "member_removed", chat_id: id, payload: { user_id: alice.id, by: alice.id } });
      expect(await bob.get(path)).toMatchObject({ body: { member_ids: [bob.id] } });
      expect(await alice.get(path)).toMatchObject({ status: 404 });
      // A repeat of one's own message is a repeat no more once one has gone.
      expect(await alice.post(`${path}/messages`, { text: "without Carol", client_message_id: "wc" })).toMatchObject({
        status: 404,
      });
      expect(await bob.delete(path)).toMatchObject({ status: 204 });
      await b?.next({ type: "delete_chat", chat_id: id });
      expect(await bob.get(path)).toMatchObject({ status: 404 });
      for (const socket of sockets) await socket.close();
    });

    it("history comes in pages from both sides, and unread counts are exact at every step", async () => {
      const made = await alice.post<Chat>("/chats", { name: "Long", member_ids: [bob.id, carol.id] });
      const { id } = made.body;
      const total = 23;
      for (let n = 1; n <= total; n += 1) {
        const author = n % 3 === 0 ? bob : alice;
        await author.post(`/chats/${id}/messages`, { text: `m${n}` });
        expect(await unreadOf(carol, id)).toBe(n);
        expect(await unreadOf(bob, id)).toBe(n - Math.floor(n / 3));
      }
      const seqs = ({ body }: { body: readonly Message[] }): number[] => body.map(({ seq }) => seq);
      const pageOf = (query: string) => bob.get<Message[]>(`/api/chats/${id}/messages?${query}`);
      expect(seqs(await pageOf(""))).toEqual(range(1, total));
      expect(seqs(await pageOf("limit=5"))).toEqual(range(19, 23));
      expect(seqs(await pageOf("before=19&limit=5"))).toEqual(range(14, 18));
      expect(seqs(await pageOf(`before=${id}.19&limit=5`))).toEqual(range(14, 18));
      expect(seqs(await pageOf("after=20"))).toEqual(range(21, 23));
      expect(seqs(await pageOf("around=10&limit=5"))).toEqual(range(8, 12));
      expect(await walk(bob, `/api/chats/${id}/messages`, "?limit=4")).toEqual(range(1, total));
      const page = await bob.get<{ items: Message[] }>(`/history/${id}?limit=4&offset=6`);
      expect(page.body).toMatchObject({ total, limit: 4, offset: 6 });
      expect(seqs({ body: page.body.items })).toEqual(range(7, 10));
      expect(seqs(await bob.get<Message[]>(`/history/${id}`))).toEqual(range(1, total));
      expect((await bob.get(`/api/history/${id}?offset=${total}`)).body).toEqual({
        items: [],
        total,
        limit: 50,
        offset: total,
      });

      expect(await carol.post(`/chats/${id}/read`, { up_to: 10 })).toMatchObject({
        status: 200,
        body: { read_up_to: 10, unread_count: 13 },
      });
      expect(await unreadOf(carol, id)).toBe(13);
      await alice.delete(`/messages/${id}.11`);
      expect(await unreadOf(carol, id)).toBe(12);
      await alice.delete(`/messages/${id}.5`);
      expect(await unreadOf(carol, id)).toBe(12);
      expect(await carol.post(`/chats/${id}/read`, { up_to: 5 })).toMatchObject({
        body: { read_up_to: 10, unread_count: 12 },
      });
      await carol.post(`/chats/${id}/messages`, { text: "mine" });
      expect(await unreadOf(carol, id)).toBe(12);
      expect(await carol.post(`/chats/${id}/read`, { up_to: 999_999 })).toMatchObject({
        body: { read_up_to: 24, unread_count: 0 },
      });
      expect(await unreadOf(carol, id)).toBe(0);
      const listed = (await carol.get<ListedChat[]>("/chats")).body.find((one) => one.id === id);
      expect(listed).toMatchObject({
        unread_count: 0,
        my_role: "member",
        read_up_to: 24,
        last_message: { text: "mine" },
      });
    });

    it("a list of chats has the newest activity first, in pages that lead on", async () => {
      const dave = await register(chat.url, "Dave");
      const ids: string[] = [];
      for (let n = 0; n < 5; n += 1) ids.unshift((await dave.post<Chat>("/chats", { name: `g${n}` })).body.id);
      const listed = async (query: string) =>
        (await dave.get<ListedChat[]>(`/api/chats${query}`)).body.map(({ id }) => id);
      expect(await listed("")).toEqual(ids);
      await dave.post(`/chats/${ids[4] ?? ""}/messages`, { text: "up" });
      const moved = [ids[4], ...ids.slice(0, 4)];
      expect(await listed("?limit=2")).toEqual(moved.slice(0, 2));
      const pages: string[] = [];
      for (let query: string | undefined = "?limit=2"; query !== undefined;) {
        const page = await dave.get<ListedChat[]>(`/api/chats${query}`);
        pages.push(...page.body.map(({ id }) => id));
        query = nextOf(page.headers);
      }
      expect(pages).toEqual(moved);
    });
  });

  it("are found as they were after a stop and a start", async () => {
    const everything = async () => {
      const found: Record<string, unknown> = {};
      for (const user of [alice, bob, carol]) {
        const paths = ["/me", "/users", "/chats", "/unread"];
        for (const { id } of (await user.get<Chat[]>("/chats")).body) {
          paths.push(`/chats/${id}`, `/chats/${id}/members`, `/history/${id}`);
        }
        for (const path of paths) {
          const { status, body, headers } = await user.get(path);
          expect(headers.get("chat-stale")).toBeNull();
          found[`${user.name} ${path}`] = { status, body };
        }
      }
      return found;
    };
    const { body: pair } = await alice.post<Chat>("/chats", { chat_type: "private", member_ids: [bob.id] });
    const path = `/chats/${pair.id}/messages`;
    const kept = { text: "keep this", client_message_id: "kept" };
    const sent = await alice.post<Message>(path, kept);
    const socket = await alice.socket();
    const before = await everything();
    expect(await chat.stop()).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
    expect(await socket.closed).toMatchObject({ code: 1012 });
    await expectNoPostgres(chat.dataFolder);

    await chat.start();
    expect(await everything()).toEqual(before);
    // Old tokens hold, and so do old keys.
    expect(await alice.post(path, kept)).toEqual({ ...sent, status: 200, headers: expect.anything() });
    const again = await bob.socket();
    await alice.post(path, { text: "after the restart" });
    await again.next({ type: "new_message", chat_id: pair.id, payload: { text: "after the restart" } });
    await again.close();
  });

  async function postForm(path: string, fields: Record<string, string>) {
    const response = await fetch(`${await chat.url()}${path}`, { method: "POST", body: new URLSearchParams(fields) });
    const body: unknown = await response.json();
    return { status: response.status, body };
  }
});

/** The three places that tell it say the same. */
async function unreadOf(user: User, chatId: string): Promise<number> {
  const [{ body: listed }, { body: unread }] = await Promise.all([
    user.get<ListedChat[]>("/chats"),
    user.get<Unread>("/api/unread"),
  ]);
  const count = listed.find(({ id }) => id === chatId)?.unread_count ?? Number.NaN;
  expect(unread.chats[chatId] ?? 0).toBe(count);
  expect(unread.total).toBe(listed.reduce((sum, { unread_count }) => sum + unread_count, 0));
  return count;
}

/** All messages by following the links, from the newest page on back. */
async function walk(user: User, path: string, first: string): Promise<number[]> {
  const seqs: number[] = [];
  for (let query: string | undefined = first; query !== undefined;) {
    const page = await user.get<Message[]>(`${path}${query}`);
    seqs.unshift(...page.body.map(({ seq }) => seq));
    query = nextOf(page.headers);
  }
  return seqs;
}

function nextOf(headers: Headers): string | undefined {
  return /<([^>]*)>; rel="next"/.exec(headers.get("link") ?? "")?.[1];
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
