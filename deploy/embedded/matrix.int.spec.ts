import { readFileSync } from "node:fs";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Route } from "@chat/shared/http/define-route";
import { API_PREFIX } from "@chat/shared/http/mount-routes";
import { eventually } from "@chat/shared/testing/eventually";
import { type ChatStack, withChat } from "./testing/with-chat.ts";

/** Who asks: the last four are or were in the group that is asked about. */
const roles = ["anonymous", "expired", "stranger", "ex-member", "member", "admin", "owner"] as const;
type Role = (typeof roles)[number];

interface Places {
  readonly chat: string;
  /** Of the author. */
  readonly message: string;
}

/** A group of its own for each question that may change it. The author is a member whom nobody of `roles` is. */
interface Scene extends Places {
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
  /** Its other names. Whoever may by one of them may by each, under the prefix and without. */
  readonly also?: readonly string[];
  readonly path?: (scene: Scene) => Readonly<Record<string, string>>;
  readonly body?: (scene: Scene) => object;
}

const inChat = [404, 404, 200, 200, 200] as const;
const adminsOnly = [404, 404, 403, 200, 200] as const;

/** One row for each call. What a person may not even know of is 404 to him; what he sees and may not do is 403. */
const matrix: Readonly<Record<string, Row>> = {
  "POST /auth/register": { allowed: 422, open: true, also: ["/register"], body: () => ({ email: "no address" }) },
  "POST /auth/login": {
    allowed: 401,
    open: true,
    also: ["/login"],
    // Another one each time: who guesses at one account is slowed down.
    body: () => ({ email: `${crypto.randomUUID()}@example.com`, password: "wrong one" }),
  },
  "POST /token": { allowed: 415, open: true, body: () => ({}) },
  "POST /auth/refresh": { allowed: 401, open: true, body: () => ({ refresh_token: "made up" }) },
  "POST /auth/logout": { allowed: 204 },
  "POST /auth/logout-all": { allowed: 204 },
  "POST /auth/password": { allowed: 401, body: () => ({ old: "wrong one", new: "another one" }) },
  "GET /auth/sessions": { allowed: 200 },
  "DELETE /auth/sessions/:session_id": { allowed: 404, path: () => ({ session_id: crypto.randomUUID() }) },
  "POST /ws-ticket": { allowed: 401 },
  "GET /users/me": { allowed: 200, also: ["/me", "/auth/me"] },
  "PATCH /users/me": { allowed: 200, also: ["/me"], body: () => ({ name: "Another name" }) },
  "PUT /users/me/avatar": { allowed: 200, also: ["/me/avatar"], body: picture },
  "DELETE /users/me/avatar": { allowed: 200, also: ["/me/avatar"] },
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
  "DELETE /chats/:chat_id/avatar": { allowed: adminsOnly },
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
    also: ["/message/"],
    body: ({ chat }) => ({ chat_id: chat, text: "hello" }),
  },
  "POST /chats/:chat_id/read": { allowed: inChat, body: () => ({ up_to: 1 }) },
  "GET /history/:chat_id": { allowed: inChat },
  "PUT /messages/:message_id": { allowed: [404, 404, 403, 403, 403], body: () => ({ text: "not what was said" }) },
  "DELETE /messages/:message_id": { allowed: adminsOnly },
  "PUT /messages/:message_id/read": { allowed: inChat, also: ["/message/read/:message_id"] },
  "GET /messages/:message_id/readers": { allowed: inChat },
  "POST /messages/:message_id/files": { allowed: [404, 404, 403, 403, 403], body: picture },
  "GET /files/:file_id": { allowed: inChat, path: ({ message }) => ({ file_id: `${message}.1` }) },
  "GET /limits": { allowed: 200 },
  "GET /openapi.json": { allowed: 200, open: true },
  "GET /asyncapi.json": { allowed: 200, open: true },
  "GET /health/live": { allowed: 200, open: true },
  "GET /health/startup": { allowed: 200, open: true },
  "GET /health/ready": { allowed: 200, open: true },
  "GET /metrics": { allowed: 200, open: true },
};

const opens = 101;
const toAll = [opens, opens, opens, opens, opens] as const;
const toMembers = [403, 403, opens, opens, opens] as const;
const toNobody = [403, 403, 403, 403, 403] as const;

/** The same for sockets, at their handshake. An id in the path is of who asks, of somebody else, or of the group. */
const sockets: Readonly<Record<string, Row["allowed"]>> = {
  "/ws": toAll,
  "/ws/notif": toAll,
  "/ws/notif?quiet=1": toAll,
  "/ws?chat={chat}": toMembers,
  "/ws/notif?chat={chat}": toMembers,
  "/ws/notif?quiet=1&chat={chat}": toMembers,
  "/chat/{chat}": toMembers,
  "/ws/{chat}": toMembers,
  "/ws/{own}/{chat}": toMembers,
  "/ws/{chat}/{own}": toMembers,
  "/ws/{another}/{chat}": toNobody,
  "/ws/{chat}/{another}": toNobody,
  "/ws/{own}": toAll,
  "/ws/{another}": toNobody,
};

/** Words that the program compares a path with, so that a place which is made of new ones is found as well. */
const socketWords = [
  ...new Set(
    readFileSync(new URL("../../realtime/src/socket-places.ts", import.meta.url), "utf8")
      .matchAll(/"([a-z][a-z-]*)"/g)
      .map(([, word = ""]) => word),
  ),
];
/** Longer paths than any socket has. */
const MAX_SEGMENTS = 3;
/** Handshakes under way at a time. */
const AT_ONCE = 16;

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

const nowhere: Places = { chat: "nothing", message: "nothing" };

/** Most calls need no group to be asked; making one for each would be most of the work. */
const needsGroup = (route: Route): boolean =>
  /:(chat|message|file)_id/.test(route.paths[0]) || Object.hasOwn(route.body?.properties ?? {}, "chat_id");

const nameOf = ({ method, paths }: Route): string => `${method} ${paths[0]}`;

/** Wherever a route is mounted. */
const placesOf = ({ paths, underApi }: Route): readonly string[] =>
  paths.flatMap((path) => (underApi ? [`${API_PREFIX}${path}`, path] : [path]));

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
    await call("author", "PUT", "/api/users/me/avatar", picture());
    ids.set("expired", idOf("owner"));
    tokens.set("expired", stack.expiredToken(idOf("owner")));
    ids.set("anonymous", idOf("owner"));
  }, 60_000);

  afterAll(async () => {
    over();
    await ended;
  }, 60_000);

  it("is written down for every call under each of its names, and for no other", () => {
    const written = Object.entries(matrix).map(([name, { also = [] }]) => [name, [...also].sort()]);
    const mounted = stack.routes.map((route) => [nameOf(route), route.paths.slice(1).sort()]);
    expect(Object.fromEntries(written)).toEqual(Object.fromEntries(mounted));
  });

  it.each(Object.keys(matrix))(
    "%s",
    async (name) => {
      const row = matrix[name] ?? { allowed: 0 };
      const route = stack.routes.find((candidate) => nameOf(candidate) === name);
      if (route === undefined) throw new Error("there is no such call");
      // A read changes nothing, so that all may ask about one scene.
      const shared = route.method === "GET" ? await setScene(route) : undefined;
      for (const place of placesOf(route)) {
        const asked = roles.map(async (role) => [role, await ask(row, route, place, role, shared)] as const);
        expect({ place, ...Object.fromEntries(await Promise.all(asked)) }).toEqual({ place, ...expectedOf(row) });
      }
    },
    60_000,
  );

  it.each(Object.entries(sockets))(
    "a socket at %s",
    async (place, allowed) => {
      const { chat } = await setScene();
      // Who was put out just now may be let in until this instance hears of it, and is told then.
      await eventually(
        async () => {
          const asked = roles.map(async (role) => [role, await handshake(role, place, chat)] as const);
          expect(Object.fromEntries(await Promise.all(asked))).toEqual(expectedOf({ allowed }));
        },
        { within: 30_000 },
      );
    },
    60_000,
  );

  it("is written down for every place of a socket", async () => {
    expect(socketWords).toContain("ws");
    const segments = [...socketWords, "{own}", "{another}", "{chat}"];
    let paths = [""];
    const all: string[] = [];
    for (let length = 1; length <= MAX_SEGMENTS; length += 1) {
      paths = paths.flatMap((path) => segments.map((segment) => `${path}/${segment}`));
      all.push(...paths);
    }
    const { chat } = await setScene();
    const found: string[] = [];
    for (let first = 0; first < all.length; first += AT_ONCE) {
      const some = all.slice(first, first + AT_ONCE);
      const statuses = await Promise.all(some.map((path) => handshake("owner", path, chat)));
      found.push(...some.filter((_path, index) => statuses[index] === opens));
    }
    const written = Object.entries(sockets).filter(([, allowed]) => allowed !== toNobody);
    expect(found.sort()).toEqual(
      written
        .map(([place]) => place)
        .filter((place) => !place.includes("?"))
        .sort(),
    );
  }, 60_000);

  function expectedOf(row: Row): Readonly<Record<Role, number>> {
    const { allowed } = row;
    const [stranger, exMember, member, admin, owner] =
      typeof allowed === "number" ? ([allowed, allowed, allowed, allowed, allowed] as const) : allowed;
    const without = row.open === true ? stranger : 401;
    return { anonymous: without, expired: without, stranger, "ex-member": exMember, member, admin, owner };
  }

  async function ask(row: Row, route: Route, place: string, asks: Role, shared?: Places): Promise<number> {
    const needsOwn = asks !== "anonymous" && asks !== "expired";
    const scene: Scene = {
      ...(shared ?? (needsOwn ? await setScene(route) : nowhere)),
      ...{ asks, author: idOf("author"), stranger: idOf("stranger") },
    };
    const parameters: Record<string, string> = {
      chat_id: scene.chat,
      message_id: scene.message,
      ...row.path?.(scene),
    };
    const path = place.replaceAll(/:(\w+)/g, (_whole, parameter: string) =>
      encodeURIComponent(parameters[parameter] ?? "nothing"),
    );
    return (await call(asks, route.method, path, row.body?.(scene))).status;
  }

  /** The status of its answer; 101 for a socket that opens, which is closed at once. */
  async function handshake(role: Role, place: string, chat: string): Promise<number> {
    const ids = { own: idOf(role), another: idOf("author"), chat };
    const path = place.replaceAll(/\{(\w+)\}/g, (_whole, id: keyof typeof ids) => ids[id]);
    const token = tokens.get(role);
    const request = httpRequest(`http://127.0.0.1:${stack.port}${path}`, {
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
      },
    });
    request.end();
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request.once("upgrade", (opened, socket) => {
        socket.destroy();
        resolve(opened);
      });
      request.once("response", (refused) => resolve(refused.resume()));
      request.once("error", reject);
    });
    return answer.statusCode ?? 0;
  }

  /** For a route what it needs; a group in any case when it is for none. */
  async function setScene(route?: Route): Promise<Places> {
    if (route !== undefined && !needsGroup(route)) return nowhere;
    const members = ["ex-member", "member", "admin", "author"] as const;
    const made = await call("owner", "POST", "/api/chats", {
      type: "group",
      name: "Scene",
      member_ids: members.map(idOf),
    });
    const chat = String(made.json["id"]);
    await call("owner", "PUT", `/api/chats/${chat}/members/${idOf("admin")}/role`, { role: "admin" });
    const sent = await call("author", "POST", `/api/chats/${chat}/messages`, { text: "what I said" });
    const message = String(sent.json["id"]);
    if (route?.paths[0].includes(":file_id")) await call("author", "POST", `/api/messages/${message}/files`, picture());
    if (route !== undefined && nameOf(route) === "GET /chats/:chat_id/avatar") {
      await call("owner", "PUT", `/api/chats/${chat}/avatar`, picture());
    }
    await call("owner", "DELETE", `/api/chats/${chat}/members/${idOf("ex-member")}`);
    return { chat, message };
  }

  async function call(role: Role | "author", method: string, path: string, body?: object) {
    const token = tokens.get(role);
    const answer = await fetch(`${stack.origin}${path}`, {
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
