import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Route } from "@chat/shared/http/define-route";
import { type ChatStack, withChat } from "./testing/with-chat.ts";

/** Who asks: the last four are or were in the group that is asked about. */
const roles = ["anonymous", "expired", "stranger", "ex-member", "member", "admin", "owner"] as const;
type Role = (typeof roles)[number];

/** A group of its own for each question: some of them change it. The author is a member whom nobody of `roles` is. */
interface Scene {
  readonly chat: string;
  /** Of the author. */
  readonly message: string;
  readonly author: string;
  readonly asks: Role;
  readonly stranger: string;
}

interface Row {
  /** Statuses for stranger, ex-member, member, admin, owner; without a token and with an expired one it is always 401. */
  readonly allowed:
    readonly [stranger: number, exMember: number, member: number, admin: number, owner: number] | number;
  /** The call takes no token, so it is the same for all. */
  readonly open?: true;
  readonly path?: (scene: Scene) => Readonly<Record<string, string>>;
  readonly body?: (scene: Scene) => object;
}

const inChat = [404, 404, 200, 200, 200] as const;
const adminsOnly = [404, 404, 403, 200, 200] as const;

/** One row for each call. What a person may not even know of is 404 to him; what he sees and may not do is 403. */
const matrix: Readonly<Record<string, Row>> = {
  "POST /auth/register": { allowed: 422, open: true, body: () => ({ email: "no address" }) },
  "POST /auth/login": {
    allowed: 401,
    open: true,
    body: () => ({ email: "nobody@example.com", password: "wrong one" }),
  },
  "POST /token": { allowed: 415, open: true, body: () => ({}) },
  "POST /auth/refresh": { allowed: 401, open: true, body: () => ({ refresh_token: "made up" }) },
  "POST /auth/logout": { allowed: 204 },
  "POST /auth/logout-all": { allowed: 204 },
  "POST /auth/password": { allowed: 401, body: () => ({ old: "wrong one", new: "another one" }) },
  "GET /auth/sessions": { allowed: 200 },
  "DELETE /auth/sessions/:session_id": { allowed: 404, path: () => ({ session_id: crypto.randomUUID() }) },
  "POST /ws-ticket": { allowed: 401 },
  "GET /users/me": { allowed: 200 },
  "PATCH /users/me": { allowed: 200, body: () => ({ name: "Another name" }) },
  "PUT /users/me/avatar": { allowed: 200, body: picture },
  "GET /users/:user_id/avatar": { allowed: 200, path: ({ author }) => ({ user_id: author }) },
  "GET /users": { allowed: 200 },
  "GET /users/:user_id": { allowed: 200, path: ({ author }) => ({ user_id: author }) },
  "POST /chats": { allowed: 201, body: ({ author }) => ({ type: "group", name: "Mine", member_ids: [author] }) },
  "GET /chats": { allowed: 200 },
  "GET /unread": { allowed: 200 },
  "GET /chats/:chat_id": { allowed: inChat },
  "PATCH /chats/:chat_id": { allowed: adminsOnly, body: () => ({ name: "Renamed" }) },
  "DELETE /chats/:chat_id": { allowed: [404, 404, 403, 403, 204] },
  "PUT /chats/:chat_id/avatar": { allowed: adminsOnly, body: picture },
  "GET /chats/:chat_id/avatar": { allowed: inChat },
  "POST /chats/:chat_id/leave": {
    allowed: [404, 404, 204, 204, 204],
    body: ({ asks, author }) => (asks === "owner" ? { new_owner_id: author } : {}),
  },
  "GET /chats/:chat_id/members": { allowed: inChat },
  "POST /chats/:chat_id/members": { allowed: adminsOnly, body: ({ stranger }) => ({ user_ids: [stranger] }) },
  "DELETE /chats/:chat_id/members/:user_id": {
    allowed: [404, 404, 403, 204, 204],
    path: ({ author }) => ({ user_id: author }),
  },
  "PUT /chats/:chat_id/members/:user_id/role": {
    allowed: [404, 404, 403, 403, 200],
    path: ({ author }) => ({ user_id: author }),
    body: () => ({ role: "admin" }),
  },
  "GET /chats/:chat_id/messages": { allowed: inChat },
  "POST /chats/:chat_id/messages": { allowed: [404, 404, 201, 201, 201], body: () => ({ text: "hello" }) },
  "POST /message": {
    allowed: [404, 404, 201, 201, 201],
    body: ({ chat }) => ({ chat_id: chat, text: "hello" }),
  },
  "POST /chats/:chat_id/read": { allowed: inChat, body: () => ({ up_to: 1 }) },
  "GET /history/:chat_id": { allowed: inChat },
  "PUT /messages/:message_id": { allowed: [404, 404, 403, 403, 403], body: () => ({ text: "not what was said" }) },
  "DELETE /messages/:message_id": { allowed: adminsOnly },
  "PUT /messages/:message_id/read": { allowed: inChat },
  "GET /messages/:message_id/readers": { allowed: inChat },
  "POST /messages/:message_id/files": { allowed: [404, 404, 403, 403, 403], body: picture },
  "GET /files/:file_id": { allowed: inChat, path: ({ message }) => ({ file_id: `${message}.1` }) },
  "GET /openapi.json": { allowed: 200, open: true },
  "GET /asyncapi.json": { allowed: 200, open: true },
};

/** Two points by two. */
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR42mP4z8AARAwQCgAf7gP9Y167WwAAAABJRU5ErkJggg==",
  "base64",
);

/** A form with a picture in it. */
function picture(): FormData {
  const form = new FormData();
  form.set("file", new Blob([png]), "picture.png");
  return form;
}

/** Most calls need no group to be asked; making one for each would be most of the work. */
const needsGroup = (route: Route): boolean =>
  /:(chat|message|file)_id/.test(route.paths[0]) || Object.hasOwn(route.body?.properties ?? {}, "chat_id");

const nameOf = ({ method, paths }: Route): string => `${method} ${paths[0]}`;

describe("who may do what", () => {
  let stack: ChatStack;
  let over: () => void;
  let ended: Promise<void>;
  const tokens = new Map<Role | "author", string>();
  const ids = new Map<Role | "author", string>();

  beforeAll(async () => {
    const ready = Promise.withResolvers<ChatStack>();
    const done = Promise.withResolvers<undefined>();
    over = () => done.resolve(undefined);
    ended = withChat(async (running) => {
      ready.resolve(running);
      await done.promise;
    });
    ended.catch(ready.reject);
    stack = await ready.promise;
    const names = ["stranger", "ex-member", "member", "admin", "owner", "author"] as const;
    const people = await stack.people(names.length);
    for (const [index, { id, token }] of people.entries()) {
      const name = names[index] ?? "author";
      tokens.set(name, token);
      ids.set(name, id);
    }
    await call("author", "PUT", "/users/me/avatar", picture());
    ids.set("expired", idOf("owner"));
    tokens.set("expired", stack.expiredToken(idOf("owner")));
    ids.set("anonymous", idOf("owner"));
  }, 60_000);

  afterAll(async () => {
    over();
    await ended;
  }, 60_000);

  it("is written down for every call, and for no other", () => {
    expect(Object.keys(matrix).sort()).toEqual([...new Set(stack.routes.map(nameOf))].sort());
  });

  it.each(Object.keys(matrix))(
    "%s",
    async (name) => {
      const row = matrix[name] ?? { allowed: 0 };
      const route = stack.routes.find((candidate) => nameOf(candidate) === name);
      const answered: Record<string, number> = {};
      const expected: Record<string, number> = {};
      for (const [index, role] of roles.entries()) {
        answered[role] = await ask(row, route, role);
        if (row.open !== true && index < 2) expected[role] = 401;
        else expected[role] = typeof row.allowed === "number" ? row.allowed : (row.allowed[index - 2] ?? 0);
      }
      expect(answered).toEqual(expected);
    },
    60_000,
  );

  async function ask(row: Row, route: Route | undefined, role: Role): Promise<number> {
    const scene = await setScene(role, route);
    const parameters: Record<string, string> = {
      chat_id: scene.chat,
      message_id: scene.message,
      ...row.path?.(scene),
    };
    const path = (route?.paths[0] ?? "").replaceAll(/:(\w+)/g, (_whole, parameter: string) =>
      encodeURIComponent(parameters[parameter] ?? "nothing"),
    );
    return (await call(role, route?.method ?? "GET", path, row.body?.(scene))).status;
  }

  async function setScene(asks: Role, route: Route | undefined): Promise<Scene> {
    const people = { asks, author: idOf("author"), stranger: idOf("stranger") };
    if (route === undefined || !needsGroup(route)) return { ...people, chat: "", message: "" };
    const members = ["ex-member", "member", "admin", "author"] as const;
    const made = await call("owner", "POST", "/chats", {
      type: "group",
      name: "Scene",
      member_ids: members.map(idOf),
    });
    const chat = String(made.json["id"]);
    await call("owner", "PUT", `/chats/${chat}/members/${idOf("admin")}/role`, { role: "admin" });
    const sent = await call("author", "POST", `/chats/${chat}/messages`, { text: "what I said" });
    const message = String(sent.json["id"]);
    if (route.paths[0].includes(":file_id")) await call("author", "POST", `/messages/${message}/files`, picture());
    if (nameOf(route).includes("GET /chats/:chat_id/avatar")) {
      await call("owner", "PUT", `/chats/${chat}/avatar`, picture());
    }
    await call("owner", "DELETE", `/chats/${chat}/members/${idOf("ex-member")}`);
    return { ...people, chat, message };
  }

  async function call(role: Role | "author", method: string, path: string, body?: object) {
    const token = tokens.get(role);
    const answer = await fetch(`${stack.origin}/api${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined || body instanceof FormData ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = /json/.test(answer.headers.get("Content-Type") ?? "");
    const json: unknown = isJson ? JSON.parse(text) : {};
    return { status: answer.status, json: json as Record<string, unknown> };
  }

  function idOf(role: Role | "author"): string {
    return ids.get(role) ?? "0";
  }
});
