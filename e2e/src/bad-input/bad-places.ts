import type { World } from "./world.ts";

/** A call, asked by Alice, that names what is not there, not hers, or not for her to do. */
export interface BadPlace {
  readonly what: string;
  readonly method: string;
  readonly path: (world: World) => string;
  readonly body?: (world: World) => unknown;
  readonly status: number;
  readonly code: string;
}

const absent = { status: 404, code: "not_found" };
const forbidden = { status: 403, code: "forbidden" };
const immutable = { status: 409, code: "private_chat_immutable" };
const wrongMethod = { status: 405, code: "method_not_allowed" };

type Calls = readonly (readonly [method: string, path: string, body?: unknown])[];

/** Everything that can be done with a chat. */
const withChat = (id: string, userId: string): Calls => [
  ["GET", `/chats/${id}`],
  ["PATCH", `/chats/${id}`, { name: "mine" }],
  ["DELETE", `/chats/${id}`],
  ["GET", `/chats/${id}/members`],
  ["POST", `/chats/${id}/members`, { user_id: userId }],
  ["POST", `/chats/${id}/members?user_id=${userId}`],
  ["DELETE", `/chats/${id}/members/${userId}`],
  ["PUT", `/chats/${id}/members/${userId}/role`, { role: "owner" }],
  ["POST", `/chats/${id}/leave`],
  ["GET", `/chats/${id}/messages`],
  ["POST", `/chats/${id}/messages`, { text: "hi" }],
  ["GET", `/history/${id}`],
  ["GET", `/history/${id}?limit=1&offset=0`],
  ["POST", `/chats/${id}/read`, { up_to: 1 }],
];

/** And with a message. */
const withMessage = (id: string): Calls => [
  ["PUT", `/messages/${id}`, { text: "mine" }],
  ["DELETE", `/messages/${id}`],
  ["PUT", `/messages/${id}/read`],
  ["PUT", `/message/read/${id}`],
  ["GET", `/messages/${id}/readers`],
];

const unknownChats: readonly [string, (world: World) => string][] = [
  ["another's chat", ({ foreign }) => foreign],
  ["no chat", ({ nowhere }) => nowhere],
  ["a chat of words", () => "general"],
  ["a chat number", () => "1"],
  ["a chat with NUL", ({ group }) => `${group}%00`],
  ["a chat in bad UTF-8", () => "%ff%fe"],
  ["a chat with an end", ({ group }) => `${group}'--`],
];
const unknownMessages: readonly [string, (world: World) => string][] = [
  ["another's message", ({ foreignMessage }) => foreignMessage],
  ["no message", ({ group }) => `${group}.999`],
  ["message 0", ({ group }) => `${group}.0`],
  ["message -1", ({ group }) => `${group}.-1`],
  ["a message beyond all numbers", ({ group }) => `${group}.99999999999999999999`],
  ["a message number", () => "17"],
  ["a message of words", () => "hello"],
];

const spread = (
  named: readonly [string, (world: World) => string][],
  calls: (id: string, userId: string) => Calls,
  outcome: { status: number; code: string },
): BadPlace[] =>
  named.flatMap(([what, idOf]) =>
    calls("id", "user").map(([method, shape], index) => ({
      what: `${what}: ${method} ${shape}`,
      method,
      path: (world: World) => calls(idOf(world), world.bob.id)[index]?.[1] ?? "",
      body: (world: World) => calls(idOf(world), world.bob.id)[index]?.[2],
      ...outcome,
    })),
  );

const changes = (id: string, userId: string): Calls =>
  withChat(id, userId).filter(([method, path]) => method !== "GET" && !/(messages|read)$/.test(path));

export const badPlaces: readonly BadPlace[] = [
  ...spread(unknownChats, withChat, absent),
  ...spread(unknownMessages, withMessage, absent),
  ...spread([["a private chat", ({ pair }) => pair]], changes, immutable),
  ...spread(
    [["a plain member", ({ group }) => group]],
    (id, userId) => changes(id, userId).filter(([, path]) => !path.endsWith("leave")),
    forbidden,
  ),
  ...spread([["another member's message", ({ message }) => message]], (id) => withMessage(id).slice(0, 2), forbidden),
  { what: "a user number 0", method: "GET", path: () => "/users/0", ...absent },
  { what: "a user who is not there", method: "GET", path: () => "/users/999999", ...absent },
  { what: "a user beyond all bigints", method: "GET", path: () => "/users/99999999999999999999", ...absent },
  { what: "a user of words", method: "GET", path: () => "/users/alice", ...absent },
  { what: "nothing", method: "GET", path: () => "/nothing", ...absent },
  { what: "a way up", method: "GET", path: () => "/../../etc/passwd", ...absent },
  { what: "an encoded way up", method: "GET", path: () => "/%2e%2e/%2e%2e/etc/passwd", ...absent },
  { what: "a method: PUT /chats", method: "PUT", path: () => "/chats", body: () => ({}), ...wrongMethod },
  { what: "a method: DELETE /users/me", method: "DELETE", path: () => "/users/me", ...wrongMethod },
  { what: "a method: GET /auth/login", method: "GET", path: () => "/auth/login", ...wrongMethod },
  { what: "a method: PATCH /unread", method: "PATCH", path: () => "/unread", body: () => ({}), ...wrongMethod },
  { what: "a method: POST /history", method: "POST", path: ({ group }) => `/history/${group}`, ...wrongMethod },
  { what: "a method: TRACE /chats", method: "TRACE", path: () => "/chats", ...wrongMethod },
  { what: "a method: PROPFIND /chats", method: "PROPFIND", path: () => "/chats", ...wrongMethod },
];
