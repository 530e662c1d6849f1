import { MessageObject } from "@chat/shared/api/message-object";
import { ProblemObject } from "@chat/shared/api/problem-object";
import type { NamedSchemas } from "./plain-schema.ts";

type Plain = Readonly<Record<string, unknown>>;

const text = { type: "string" };
const flag = { type: "boolean" };
const textOrNull = { type: ["string", "null"] };

/** A JSON frame that is told: its type, and the fields that are always there, and no others. */
function toldFrame(type: string, summary: string, fields: Plain): Plain {
  const { name, payload } = frame(type, summary, fields);
  return { name, summary, payload: { ...(payload as Plain), additionalProperties: false } };
}

/** A JSON frame: its type, and fields that are always there or, with a question mark behind their name, may be. */
function frame(type: string, summary: string, fields: Plain): Plain {
  const entries = Object.entries(fields).map(([name, schema]) => [name.replace("?", ""), schema] as const);
  const required = ["type", ...Object.keys(fields).filter((name) => !name.endsWith("?"))];
  const properties = { type: { const: type }, ...Object.fromEntries(entries) };
  return { name: type, summary, payload: { type: "object", properties, required } };
}

const words = (name: string, summary: string, bounds: Plain = {}): Plain => ({
  name,
  summary,
  contentType: "text/plain",
  payload: { type: "string", ...bounds },
});

/** All that is ever said in sentences; a text may have lines. */
const sentences = [
  "✅ Сообщение '[\\s\\S]*' отправлено!",
  "📩 Новое сообщение от \\d+: [\\s\\S]*",
  "⚠️ Сообщение уже отправлено",
  "⚠️ Сообщение не отправлено: .+",
  "✅ Ваше сообщение \\S+ (полностью )?прочитано!",
];

const roomAsked = [
  frame("message", "Send a message", { text, "client_message_id?": text }),
  frame("read", "Mark a message, and all before it, as read", { message_id: text }),
];

interface Dialect {
  /** False where a socket has no place of its own. */
  readonly takesCursor?: false;
  readonly address: string;
  readonly title: string;
  readonly description?: string;
  readonly told: readonly Plain[];
  readonly asked: readonly Plain[];
}

function dialectsWith(schemas: NamedSchemas): Readonly<Record<string, Dialect>> {
  const message = schemas.plain(MessageObject);
  const error = toldFrame("error", "What is wrong with a frame; the socket stays", {
    detail: text,
    error: schemas.plain(ProblemObject),
  });
  const roomTold = [
    toldFrame(
      "message",
      "To all in the chat, the sender too; again, to the sending device, for a client_message_id that was there",
      { id: text, chat_id: text, sender_id: text, text, timestamp: text, client_message_id: textOrNull },
    ),
    toldFrame("read", "To the author of the message that was named, or read last", {
      message_id: text,
      reader_id: text,
    }),
    error,
  ];
  return {
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
      told: [
        words(
          "sentence",
          "That one's message was sent, was sent before, or was not sent and why; another's message; that all have read",
          { pattern: `^(${sentences.join("|")})$` },
        ),
      ],
      asked: [words("text", "A text, bare or in JSON's quotation marks")],
    },
    joined_chats: {
      address: "/ws/{user_id}",
      takesCursor: false,
      title: "The chats that are joined on this socket",
      description:
        "Each chat that is joined has a cursor of its own, named by user, device and chat. A join needs membership, is good " +
        "for as long as the socket, and there are at most 1,000; after `joined` comes what this device missed in the chat. Each join is " +
        "answered, by `joined` or `error`, in the order in which they came.",
      told: [
        toldFrame("joined", "The chat is shown from here on; what was missed there comes next", { chat_id: text }),
        toldFrame("new_message", "A message was sent", { message }),
        toldFrame("message_updated", "A message was edited, or files were added to it", { message }),
        toldFrame("message_deleted", "A message was deleted", { message_id: text, chat_id: text }),
        toldFrame("typing", "Somebody types, or no more", { chat_id: text, user_id: text, is_typing: flag }),
        error,
      ],
      asked: [
        frame("join_chat", "Show a chat of one's own", { chat_id: text }),
        frame("leave_chat", "Show it no more; one stays a member", { chat_id: text }),
        frame("typing", "Say that one types, or no more", { chat_id: text, is_typing: flag }),
      ],
    },
  };
}

/** The sockets of other chat programs, which say less than the native one: their channels and operations by name. */
export function dialectChannels(
  handshakeQuery: HandshakeQuery,
  schemas: NamedSchemas,
): { readonly channels: Plain; readonly operations: Plain } {
  const named = Object.entries(dialectsWith(schemas));
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

const dialectCursor = {
  ...text,
  description:
    "where to start: the Chat-Position of a snapshot; of another log it is refused, for no frame could say so",
};

/** An object with what may stand in the URL. */
interface HandshakeQuery {
  readonly type: string;
  readonly properties: Plain;
}

function channelOf(dialect: Dialect, handshakeQuery: HandshakeQuery): Plain {
  const { address, title, description, takesCursor, told, asked } = dialect;
  const { cursor: _native, ...withoutCursor } = handshakeQuery.properties;
  const properties = takesCursor === false ? withoutCursor : { ...withoutCursor, cursor: dialectCursor };
  const parameters = [...address.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => [name, {}] as const);
  const keyed = (side: string, messages: readonly Plain[]) =>
    messages.map((one) => [`${side}_${String(one.name)}`, one] as const);
  return {
    address,
    title,
    ...(description === undefined ? {} : { description }),
    parameters: Object.fromEntries(parameters),
    messages: Object.fromEntries([...keyed("told", told), ...keyed("asked", asked)]),
    bindings: { ws: { method: "GET", query: { ...handshakeQuery, properties } } },
  };
}

function messagesOf(channel: string, side: string, messages: readonly Plain[]): Plain {
  return {
    channel: { $ref: `#/channels/${channel}` },
    messages: messages.map(({ name }) => ({ $ref: `#/channels/${channel}/messages/${side}_${String(name)}` })),
  };
}
