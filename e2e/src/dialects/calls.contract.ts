import { describe, expect, it } from "@jest/globals";
import type { Chat, Message } from "../harness/api.ts";
import { type Address, type Answer, stranger, type User } from "../harness/user.ts";
import { createCast, newAddress, newPerson, password, postForm } from "./person.ts";

/** Who and what the calls name. */
interface World {
  readonly alice: User;
  readonly bob: User;
  readonly carol: User;
  /** A group of all three, with a message of Alice's that nobody has read. */
  readonly group: Chat;
  readonly message: Message;
}

type Fields = Readonly<Record<string, unknown>>;

interface Call {
  readonly seed: string;
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  readonly path: string | ((world: World) => string);
  readonly body?: Fields | ((world: World) => Fields);
  readonly by?: "alice" | "bob" | "carol";
  readonly status: number;
  /** What the answer holds. */
  readonly holds?: unknown;
}

const text = { text: "Текст сообщения" };
const say = { holds: { text: "Текст сообщения" } };
const ids = ({ bob, carol }: World): number[] => [Number(bob.id), Number(carol.id)];

/** Calls as the READMEs write them down, each in the words of its program. */
const calls: readonly Call[] = [
  {
    seed: "000",
    method: "post",
    path: "/chats",
    body: ({ bob }) => ({ name: "мы", user2_id: bob.id }),
    status: 201,
    holds: { type: "private" },
  },
  {
    seed: "000",
    method: "post",
    path: "/chats",
    body: ({ alice, bob, carol }) => ({ name: "все", creator_id: alice.id, member_ids: `${bob.id},${carol.id}` }),
    status: 201,
    holds: { type: "group", message: "Чат создан" },
  },

  { seed: "001", method: "get", path: "/me", status: 200, holds: { name: "Alice" } },
  {
    seed: "001",
    method: "post",
    path: "/chats",
    body: (world) => ({ name: "Название чата", chat_type: "group", member_ids: ids(world) }),
    status: 201,
    holds: { name: "Название чата", chat_type: "group" },
  },
  {
    seed: "001",
    method: "post",
    path: "/chats",
    body: ({ carol }) => ({ name: "вдвоём", chat_type: "private", member_ids: [Number(carol.id)] }),
    status: 201,
    holds: { chat_type: "private" },
  },
  {
    seed: "001",
    method: "post",
    path: "/chats",
    body: ({ carol }) => ({ chat_type: "private", member_ids: [carol.id], shape: "unknown" }),
    status: 200,
    holds: { chat_type: "private" },
  },
  { seed: "001", method: "post", path: ({ group }) => `/chats/${group.id}/messages`, body: text, status: 201, ...say },
  {
    seed: "001",
    method: "get",
    path: ({ group }) => `/chats/${group.id}/messages`,
    status: 200,
    holds: expect.arrayContaining([expect.objectContaining({ seq: 1 })]),
  },
  {
    seed: "001",
    method: "get",
    path: ({ group }) => `/history/${group.id}?limit=50&offset=0`,
    status: 200,
    holds: { limit: 50, offset: 0, items: expect.any(Array) as unknown },
  },
  {
    seed: "001",
    method: "get",
    path: ({ group }) => `/history/${group.id}?limit=1`,
    status: 200,
    holds: { limit: 1, offset: 0, items: [{ seq: 1 }] },
  },
  { seed: "001", method: "get", path: ({ group }) => `/history/${group.id}?limit=101`, status: 422 },
  { seed: "001", method: "get", path: "/history/1", status: 404 },

  {
    seed: "002",
    method: "post",
    path: "/message/",
    body: ({ group }) => ({ chat_id: group.id, ...text }),
    status: 201,
    ...say,
  },
  {
    seed: "002",
    method: "post",
    path: "/message",
    body: ({ group }) => ({ chat_id: group.id, ...text }),
    status: 201,
    ...say,
  },
  { seed: "002", method: "post", path: "/message/", body: { chat_id: "1", ...text }, status: 422 },

  {
    seed: "003",
    method: "post",
    path: "/chats",
    body: { name: "Test Chat", chat_type: "group" },
    status: 201,
    holds: { message: "Чат создан", chat_id: expect.any(String) as unknown },
  },
  {
    seed: "003",
    method: "get",
    path: ({ group }) => `/history/${group.id}`,
    status: 200,
    holds: expect.arrayContaining([expect.objectContaining({ seq: 1 })]),
  },
  {
    seed: "003",
    method: "put",
    path: ({ message }) => `/message/read/${message.id}`,
    by: "bob",
    status: 200,
    holds: { message: "Сообщение отмечено как прочитанное", fully_read: false },
  },
  {
    seed: "003",
    method: "put",
    path: ({ message }) => `/message/read/${message.id}`,
    by: "carol",
    status: 200,
    holds: { message: expect.stringMatching(/^Сообщение \S+\.1 полностью прочитано!$/) as unknown },
  },
  {
    seed: "003",
    method: "put",
    path: ({ message }) => `/message/read/${message.id}`,
    by: "carol",
    status: 200,
    holds: { message: "Сообщение отмечено как прочитанное", fully_read: true },
  },
  { seed: "003", method: "put", path: "/message/read/1", status: 404 },
  { seed: "003", method: "put", path: ({ group }) => `/message/read/${group.id}.999`, status: 404 },
  {
    seed: "003",
    method: "post",
    path: ({ group, bob }) => `/chats/${group.id}/members?user_id=${bob.id}`,
    status: 200,
    holds: { message: expect.stringMatching(/^Пользователь \d+ добавлен в чат \S+$/) as unknown },
  },
  { seed: "003", method: "post", path: ({ group }) => `/chats/${group.id}/members?user_id=999999999`, status: 422 },
  {
    seed: "003",
    method: "post",
    path: ({ group, bob }) => `/chats/${group.id}/members?user_id=${bob.id}`,
    by: "carol",
    status: 403,
  },

  { seed: "004", method: "get", path: "/api/users/me", status: 200, holds: { name: "Alice" } },
  {
    seed: "004",
    method: "get",
    path: "/api/users?limit=1",
    status: 200,
    holds: [{ name: expect.any(String) as unknown }],
  },
  {
    seed: "004",
    method: "get",
    path: "/api/chats",
    status: 200,
    holds: expect.arrayContaining([expect.objectContaining({ unread_count: expect.any(Number) as unknown })]),
  },
  {
    seed: "004",
    method: "post",
    path: "/api/chats",
    body: (world) => ({ title: "Проект", type: "group", participant_ids: ids(world) }),
    status: 201,
    holds: { title: "Проект", name: "Проект" },
  },
  { seed: "004", method: "post", path: "/api/chats", body: { title: "Проект", surprise: true }, status: 422 },
  {
    seed: "004",
    method: "get",
    path: ({ group }) => `/api/chats/${group.id}/messages?limit=1`,
    status: 200,
    holds: [{ id: expect.any(String) as unknown }],
  },
  {
    seed: "004",
    method: "post",
    path: ({ group }) => `/api/chats/${group.id}/messages`,
    body: text,
    status: 201,
    ...say,
  },
  {
    seed: "004",
    method: "put",
    path: ({ message }) => `/api/messages/${message.id}`,
    body: { text: "правка" },
    status: 200,
    holds: { text: "правка", edited_at: expect.any(String) as unknown },
  },
  {
    seed: "004",
    method: "put",
    path: ({ message }) => `/api/messages/${message.id}`,
    body: { text: "чужое" },
    by: "bob",
    status: 403,
  },
  { seed: "004", method: "delete", path: ({ message }) => `/api/messages/${message.id}`, by: "bob", status: 403 },
  {
    seed: "004",
    method: "delete",
    path: ({ message }) => `/api/messages/${message.id}`,
    status: 200,
    holds: { deleted: true, text: "" },
  },
  {
    seed: "004",
    method: "put",
    path: ({ message }) => `/api/messages/${message.id}`,
    body: { text: "поздно" },
    status: 409,
  },
];

/** Each call of the five READMEs by itself; the sockets have stories of their own. */
export function callsOfTheSeeds(address: Address): void {
  const cast = createCast(address);
  let world: Promise<World> | undefined;

  async function makeWorld(): Promise<World> {
    const { alice, bob, carol } = await cast();
    const { body: group } = await alice.post<Chat>("/chats", { name: "Все", member_ids: [bob.id, carol.id] });
    const { body: message } = await alice.post<Message>(`/chats/${group.id}/messages`, { text: "первое" });
    return { alice, bob, carol, group, message };
  }

  describe("the seeds' calls", () => {
    const named = calls.map((call, index) => {
      const path = String(call.path).replace(/^.*=> /, "");
      return [`seed ${call.seed}, call ${index}: ${call.method} ${path} is ${call.status}`, call] as const;
    });
    it.each(named)("%s", async (_name, call) => {
      const { method, path, body, by = "alice", status, holds } = call;
      const known = await (world ??= makeWorld());
      const at = typeof path === "string" ? path : path(known);
      const sent = typeof body === "function" ? body(known) : body;
      const answer = await ask(known[by], method, at, sent);
      expect(answer).toMatchObject({ status, ...(holds === undefined ? {} : { body: holds }) });
    });

    it("log in by JSON, by a form and by a query, and by a form at /token", async () => {
      const { email } = await newPerson(address, "Dora");
      const asked = new URLSearchParams({ email, password }).toString();
      const anybody = stranger(address);
      const answers = [
        await anybody.post("/login", { email, password }),
        await anybody.post(`/login?${asked}`),
        await postForm(address, "/login", { email, password }),
        await postForm(address, "/token", { username: email, password, grant_type: "password" }),
        await anybody.post("/api/auth/login", { email, password }),
      ];
      for (const { status, body } of answers) {
        expect({ status, body }).toMatchObject({ status: 200, body: { token_type: "bearer" } });
      }
      expect((await anybody.post("/register", { email, password, name: "Dora" })).status).toBe(409);
      expect((await anybody.post("/register", { email: newAddress("x"), password: "short" })).status).toBe(422);
    });
  });
}

function ask(caller: User, method: Call["method"], path: string, body: Fields | undefined): Promise<Answer> {
  return method === "get" || method === "delete" ? caller[method](path) : caller[method](path, body);
}
