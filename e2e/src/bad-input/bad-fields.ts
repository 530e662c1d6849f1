import type { World } from "./world.ts";

/** A call with a field that is wrong. Asked by Alice, who is a plain member of the group; `pointer` names the field. */
export interface BadField {
  readonly what: string;
  readonly ask: (
    world: World,
  ) => readonly [method: string, path: string, body?: unknown, headers?: Record<string, string>];
  readonly pointer: string;
}

const sending = (what: string, fields: object, pointer = `/${Object.keys(fields)[0] ?? ""}`): BadField => ({
  what,
  ask: ({ group }) => ["POST", `/chats/${group}/messages`, { text: "hi", ...fields }],
  pointer,
});
const creating = (what: string, fields: object, pointer = `/${Object.keys(fields)[0] ?? ""}`): BadField => ({
  what,
  ask: () => ["POST", "/chats", fields],
  pointer,
});
const registering = (what: string, fields: object): BadField => ({
  what,
  ask: () => ["POST", "/register", { email: "new@example.org", password: "long enough", ...fields }],
  pointer: `/${Object.keys(fields)[0] ?? ""}`,
});
const asking = (what: string, path: (world: World) => string, pointer: string): BadField => ({
  what,
  ask: (world) => ["GET", path(world)],
  pointer,
});
const keyed = (what: string, key: string): BadField => ({
  what,
  ask: ({ group }) => ["POST", `/chats/${group}/messages`, { text: "hi" }, { "idempotency-key": key }],
  pointer: "/idempotency-key",
});

/** What was parsed and is wrong: 422 for each, with a pointer to the field. */
export const badFields: readonly BadField[] = [
  sending("no text", { text: undefined }, "/text"),
  sending("an empty text", { text: "" }),
  sending("a text that is null", { text: null }),
  sending("a text that is a number", { text: 5 }),
  sending("a text that is a list", { text: ["hi"] }),
  sending("a text that is an object", { text: { toString: "hi" } }),
  sending("NUL", { text: "a\0b" }),
  sending("half of a surrogate pair", { text: "\ud83d" }),
  sending("the other half", { text: "\ude42 hi" }),
  sending("16 KiB and a byte", { text: "x".repeat(16_385) }),
  sending("16 KiB of characters of two bytes", { text: "я".repeat(8_193) }),
  sending("an empty client_message_id", { client_message_id: "" }),
  sending("a client_message_id with a space", { client_message_id: "a b" }),
  sending("a client_message_id with NUL", { client_message_id: "a\0" }),
  sending("a client_message_id of 201 characters", { client_message_id: "x".repeat(201) }),
  sending("a client_message_id that is a number", { client_message_id: 7 }),
  sending("a reply to words", { reply_to: "the one before" }),
  sending("a reply to a number", { reply_to: 1 }),
  {
    what: "a reply to another chat's message",
    ask: ({ group, foreignMessage }) => ["POST", `/chats/${group}/messages`, { text: "hi", reply_to: foreignMessage }],
    pointer: "/reply_to",
  },
  {
    what: "a reply to what was never said",
    ask: ({ group }) => ["POST", `/chats/${group}/messages`, { text: "hi", reply_to: `${group}.999` }],
    pointer: "/reply_to",
  },
  {
    what: "two keys that differ",
    ask: ({ group }) => [
      "POST",
      `/chats/${group}/messages`,
      { text: "hi", client_message_id: "one" },
      { "idempotency-key": "other" },
    ],
    pointer: "/client_message_id",
  },
  keyed("a key with a space", "a b"),
  keyed("a key of 201 characters", "x".repeat(201)),
  keyed("a key that is not ASCII", "cl\u00e9"),
  { what: "a chat_id of words", ask: () => ["POST", "/message/", { chat_id: "x", text: "hi" }], pointer: "/chat_id" },

  creating("a type of chat that is none", { chat_type: "channel" }),
  creating("a name of 201 characters", { name: "x".repeat(201) }),
  creating("an empty name", { name: "" }),
  creating("a name with NUL", { name: "a\0" }),
  creating("members that are no list", { member_ids: { 0: "1" } }),
  creating("a member without a number", { member_ids: ["bob"] }),
  creating("a member that is null", { member_ids: [null] }),
  creating("a member number 0", { user2_id: 0 }),
  creating("a member number -1", { user2_id: -1 }),
  creating("half a member", { user2_id: 1.5 }),
  creating("a member beyond all numbers", { user2_id: 1e300 }),
  creating("a member beyond all bigints", { user2_id: "99999999999999999999" }),
  creating("1,001 members", { member_ids: Array.from({ length: 1_001 }, (_, index) => index + 1) }),
  {
    what: "another creator",
    ask: ({ bob }) => ["POST", "/chats", { name: "x", creator_id: bob.id }],
    pointer: "/creator_id",
  },
  {
    what: "a role that is none",
    ask: ({ group, bob }) => ["PUT", `/chats/${group}/members/${bob.id}/role`, { role: "king" }],
    pointer: "/role",
  },
  { what: "reading back", ask: ({ group }) => ["POST", `/chats/${group}/read`, { up_to: -1 }], pointer: "/up_to" },
  { what: "reading half", ask: ({ group }) => ["POST", `/chats/${group}/read`, { up_to: 0.5 }], pointer: "/up_to" },

  registering("no e-mail", { email: undefined }),
  registering("an e-mail without a name", { email: "@example.org" }),
  registering("an e-mail without an @", { email: "new.example.org" }),
  registering("an e-mail with NUL", { email: "new\0@example.org" }),
  registering("an e-mail of 300 characters", { email: `${"x".repeat(288)}@example.org` }),
  registering("an e-mail that is a list", { email: ["new@example.org"] }),
  registering("a password of 7 characters", { password: "1234567" }),
  registering("a password of 257 characters", { password: "x".repeat(257) }),
  registering("a password that is a number", { password: 12_345_678 }),
  registering("a name with NUL", { name: "a\0" }),
  registering("a name that is half of a surrogate pair", { name: "\udfff" }),
  registering("a city of 10,000 characters", { city: "x".repeat(10_000) }),

  asking("limit=101", () => "/chats?limit=101", "/limit"),
  asking("limit=0", () => "/chats?limit=0", "/limit"),
  asking("limit=-1", ({ group }) => `/chats/${group}/messages?limit=-1`, "/limit"),
  asking("limit=1.5", ({ group }) => `/chats/${group}/messages?limit=1.5`, "/limit"),
  asking("limit=many", ({ group }) => `/history/${group}?limit=many`, "/limit"),
  asking("limit=", ({ group }) => `/history/${group}?limit=`, "/limit"),
  asking("limit given twice", ({ group }) => `/history/${group}?limit=1&limit=2`, "/limit"),
  asking("offset=-1", ({ group }) => `/history/${group}?offset=-1`, "/offset"),
  asking("offset beyond all numbers", ({ group }) => `/history/${group}?offset=99999999999999999999`, "/offset"),
  asking("before=now", ({ group }) => `/chats/${group}/messages?before=now`, "/before"),
  asking("after=-1", ({ group }) => `/chats/${group}/messages?after=-1`, "/after"),
  asking("before of another chat", (w) => `/chats/${w.group}/messages?before=${w.foreignMessage}`, "/before"),
  asking("around and before", ({ group }) => `/chats/${group}/messages?around=1&before=1`, "/around"),
  asking("a cursor that was made up", () => "/chats?cursor=x", "/cursor"),
  asking("a cursor of many A", () => `/chats?cursor=${"A".repeat(72)}`, "/cursor"),
  asking("a cursor of 5,000 characters", () => `/chats?cursor=${"A".repeat(5_000)}`, "/cursor"),
  asking("a cursor with NUL", () => "/chats?cursor=%00", "/cursor"),
  asking("a cursor with quotes", () => `/chats?cursor=${encodeURIComponent("' OR 1=1 --")}`, "/cursor"),
  asking("ids of words", () => "/users?ids=alice,bob", "/ids"),
  asking("101 ids", () => `/users?ids=${Array.from({ length: 101 }, (_, n) => n + 1).join(",")}`, "/ids"),
  asking("NUL in a query", () => "/users?query=%00", "/query"),
];
