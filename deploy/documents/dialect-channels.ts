type Plain = Readonly<Record<string, unknown>>;

const text = { type: "string" };
const flag = { type: "boolean" };
const textOrNull = { type: ["string", "null"] };

/** A JSON frame: its type, and fields that are always there or, with a question mark behind their name, may be. */
function frame(type: string, summary: string, fields: Plain): Plain {
  const entries = Object.entries(fields).map(([name, schema]) => [name.replace("?", ""), schema] as const);
  const required = ["type", ...Object.keys(fields).filter((name) => !name.endsWith("?"))];
  const properties = { type: { const: type }, ...Object.fromEntries(entries) };
  return { name: type, summary, payload: { type: "object", properties, required } };
}

const words = (name: string, summary: string): Plain => ({
  name,
  summary,
  contentType: "text/plain",
  payload: { type: "string" },
});

const message = { type: "object", description: "as over HTTP: the schema Message" };
const error = frame("error", "What is wrong with a frame; the socket stays", {
  detail: text,
  error: { type: "object", description: "a problem, as over HTTP" },
});
const roomTold = [
  frame(
    "message",
    "To all in the chat, the sender too; again, to the sending device, for a client_message_id that was there",
    {
      ...{ id: text, chat_id: text, sender_id: text, text, timestamp: text },
      client_message_id: textOrNull,
    },
  ),
  frame("read", "To the author of the message that was named, or read last", { message_id: text, reader_id: text }),
  error,
];
const roomAsked = [
  frame("message", "Send a message", { text, "client_message_id?": text }),
  frame("read", "Mark a message, and all before it, as read", { message_id: text }),
];

interface Dialect {
  readonly address: string;
  readonly title: string;
  readonly description?: string;
  readonly told: readonly Plain[];
  readonly asked: readonly Plain[];
}

const dialects: Readonly<Record<string, Dialect>> = {
  text_room: {
    address: "/chat/{chat_id}",
    title: "One chat; what is typed is sent, and what was missed comes first",
    told: roomTold,
    asked: [words("text", 'A text as it is, or an object with a text: {"text": …}'), ...roomAsked],
  },
  chat_room: { address: "/ws/{chat_id}", title: "One chat in JSON frames", told: roomTold, asked: roomAsked },
  plain_text: {
    address: "/ws/{user_id}/{chat_id}",
    title: "One chat in sentences; the ids in either order",
    told: [words("sentence", "That one's message was sent, or was sent before; another's message; that all have read")],
    asked: [words("text", "A text, bare or in JSON's quotation marks")],
  },
  joined_chats: {
    address: "/ws/{user_id}",
    title: "The chats that are joined on this socket",
    description:
      "Each chat that is joined has a cursor of its own, named by user, device and chat. A join needs membership, is good " +
      "for as long as the socket, and there are at most 1,000; after `joined` comes what this device missed in the chat.",
    told: [
      frame("joined", "The chat is shown from here on; what was missed there comes next", { chat_id: text }),
      frame("new_message", "A message was sent", { message }),
      frame("message_updated", "A message was edited", { message }),
      frame("message_deleted", "A message was deleted", { message_id: text, chat_id: text }),
      frame("typing", "Somebody types, or no more", { chat_id: text, user_id: text, is_typing: flag }),
      error,
    ],
    asked: [
      frame("join_chat", "Show a chat of one's own", { chat_id: text }),
      frame("leave_chat", "Show it no more; one stays a member", { chat_id: text }),
      frame("typing", "Say that one types, or no more", { chat_id: text, is_typing: flag }),
    ],
  },
};

/** The sockets of other chat programs, which say less than the native one: their channels and operations by name. */
export function dialectChannels(handshakeQuery: Plain): { readonly channels: Plain; readonly operations: Plain } {
  const named = Object.entries(dialects);
  return {
    channels: Object.fromEntries(named.map(([name, dialect]) => [name, channelOf(dialect, handshakeQuery)])),
    operations: Object.fromEntries(
      named.flatMap(([name, { told, asked }]) => [
        [`tell_${name}`, { action: "send", ...messagesOf(name, "told", told) }],
        [`ask_${name}`, { action: "receive", ...messagesOf(name, "asked", asked) }],
      ]),
    ),
  };
}

function channelOf({ address, title, description, told, asked }: Dialect, handshakeQuery: Plain): Plain {
  const parameters = [...address.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => [name, {}] as const);
  const keyed = (side: string, messages: readonly Plain[]) =>
    messages.map((one) => [`${side}_${String(one.name)}`, one] as const);
  return {
    address,
    title,
    ...(description === undefined ? {} : { description }),
    parameters: Object.fromEntries(parameters),
    messages: Object.fromEntries([...keyed("told", told), ...keyed("asked", asked)]),
    bindings: { ws: { method: "GET", query: handshakeQuery } },
  };
}

function messagesOf(channel: string, side: string, messages: readonly Plain[]): Plain {
  return {
    channel: { $ref: `#/channels/${channel}` },
    messages: messages.map(({ name }) => ({ $ref: `#/channels/${channel}/messages/${side}_${String(name)}` })),
  };
}
