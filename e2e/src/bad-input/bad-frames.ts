import type { World } from "./world.ts";

export interface BadFrame {
  readonly what: string;
  readonly frame: (world: World) => object | string;
  readonly code: string;
  /** A known type with an id gets a reply; the rest an error frame. */
  readonly answer: "reply" | "error";
}

type Fields = Readonly<Record<string, unknown>>;

const unreadable = (what: string, frame: object | string, code = "validation_failed"): BadFrame => ({
  what,
  frame: () => frame,
  code,
  answer: "error",
});
const send = (what: string, fields: Fields | ((world: World) => Fields), code = "validation_failed"): BadFrame => ({
  what: `send: ${what}`,
  frame: (world) => ({
    type: "send",
    id: "f",
    chat_id: world.group,
    text: "hi",
    ...(typeof fields === "function" ? fields(world) : fields),
  }),
  code,
  answer: "reply",
});
const other = (type: string, what: string, fields: (world: World) => object, code = "validation_failed"): BadFrame => ({
  what: `${type}: ${what}`,
  frame: (world) => ({ type, id: "f", ...fields(world) }),
  code,
  answer: "reply",
});

/** Frames that get an answer and leave the socket open. */
export const badFrames: readonly BadFrame[] = [
  unreadable("words", "hello", "malformed_json"),
  unreadable("nothing", "", "malformed_json"),
  unreadable("half an object", '{"type":"send"', "malformed_json"),
  unreadable("a raw NUL", '{"type":"se\0nd"}', "malformed_json"),
  unreadable("null", "null"),
  unreadable("a number", "42"),
  unreadable("a text", '"send"'),
  unreadable("a list", '[{"type":"ping"}]'),
  unreadable("no type", "{}"),
  unreadable("a type that is a number", { type: 1 }),
  unreadable("a type that is a list", { type: ["send"] }),
  unreadable("an unknown type", { type: "shout", id: "f" }),
  unreadable("the type __proto__", { type: "__proto__" }),
  unreadable("the type constructor", { type: "constructor" }),
  unreadable("a prototype with a type", '{"__proto__":{"type":"ping","id":"f"}}'),
  unreadable("33 lists in one another", "[".repeat(33), "too_deep"),
  unreadable("60,000 lists in one another", "[".repeat(60_000), "too_deep"),
  unreadable("a type too large", { type: "ping", more: "x".repeat(2_000) }, "payload_too_large"),

  send("no text", { text: undefined }),
  send("an empty text", { text: "" }),
  send("a text that is a number", { text: 5 }),
  send("NUL", { text: "a\0" }),
  send("half of a surrogate pair", { text: "\ud83d" }),
  send("16 KiB and a byte", { text: "x".repeat(16_385) }),
  send("no chat", { chat_id: undefined }),
  send("a chat that is a number", { chat_id: 7 }),
  send("a chat of words", { chat_id: "general" }, "not_found"),
  send("another's chat", ({ foreign }) => ({ chat_id: foreign }), "not_found"),
  send("no such chat", ({ nowhere }) => ({ chat_id: nowhere }), "not_found"),
  send("an empty client_message_id", { client_message_id: "" }),
  send("a client_message_id with a space", { client_message_id: "a b" }),
  send("a client_message_id with NUL", { client_message_id: "a\0" }),
  send("a client_message_id of 201 characters", { client_message_id: "x".repeat(201) }),
  send("a reply to another chat's message", ({ foreignMessage }) => ({ reply_to: foreignMessage })),
  send("a reply to words", { reply_to: "the one before" }),

  other("read", "nothing", () => ({})),
  other("read", "a message and a seq", ({ message }) => ({ message_id: message, up_to: 1 })),
  other("read", "no chat", () => ({ up_to: 1 })),
  other("read", "back", ({ group }) => ({ chat_id: group, up_to: -1 })),
  other("read", "another's chat", ({ foreign }) => ({ chat_id: foreign, up_to: 1 }), "not_found"),
  other("read", "another's message", ({ foreignMessage }) => ({ message_id: foreignMessage }), "not_found"),
  other("read", "a message that is not there", ({ group }) => ({ message_id: `${group}.999` }), "not_found"),
  other("read", "a message of words", () => ({ message_id: "hello" }), "not_found"),
  other("typing", "nothing", () => ({})),
  other("typing", "no chat", () => ({ is_typing: true })),
  other("typing", "neither yes nor no", ({ group }) => ({ chat_id: group, is_typing: "yes" })),
  other("typing", "a chat that is a number", () => ({ chat_id: 7, is_typing: true })),
  other("typing", "a chat of words", () => ({ chat_id: "general", is_typing: true }), "not_found"),
  other("typing", "another's chat", ({ foreign }) => ({ chat_id: foreign, is_typing: true }), "not_found"),
  other("ack", "nothing", () => ({})),
  other("ack", "a cursor that was made up", () => ({ cursor: "made-up" })),
  other("ack", "a number", () => ({ cursor: 5 })),
];
