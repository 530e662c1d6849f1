import { closeCodes } from "@chat/realtime/close-codes";
import { defaultChatUrl } from "@chat/shared/settings";
import { framesFromClients } from "@chat/shared/api/frames-from-clients";
import { framesToClients, type FrameDescription } from "@chat/shared/api/frames-to-clients";
import { dialectChannels } from "./dialect-channels.ts";
import { framesAskedForExample, framesToldForExample } from "./frame-examples.ts";
import { createNamedSchemas, type NamedSchemas, type PlainSchema } from "./plain-schema.ts";

const channel = "#/channels/stream";

/** Makes the AsyncAPI 3 document of the native protocol, from the schemas that its frames are checked with. */
export function asyncApiDocument(version: string): object {
  const schemas = createNamedSchemas("#/components/schemas");
  const toClients = messagesOf("told", framesToClients, framesToldForExample, schemas);
  const fromClients = messagesOf("asked", framesFromClients, framesAskedForExample, schemas);
  const refs = (messages: PlainSchema, folder: string): PlainSchema[] =>
    Object.keys(messages).map((name) => ({ $ref: `${folder}/${name}` }));
  const all = { ...toClients, ...fromClients };
  const dialects = dialectChannels(handshakeQuery, schemas);
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Chat",
      version,
      license: { name: "MIT" },
      description:
        "The native WebSocket: one JSON object per frame. Every event of a chat has its version there, every message its " +
        "seq, and every event the cursor behind it. A client ignores types and fields that it does not know.",
    },
    servers: {
      started_here: { host: new URL(defaultChatUrl).host, protocol: "ws", description: "where `npm start` listens" },
    },
    defaultContentType: "application/json",
    channels: {
      stream: {
        address: "/ws",
        title: "Everything that a user's device is to hear",
        description: `The same at /ws/notif, with quiet=1 without \`ready\`, \`cursor\`, \`resync\` and \`version\`. ${closings()}`,
        messages: Object.fromEntries(Object.keys(all).map((name) => [name, { $ref: `#/components/messages/${name}` }])),
        bindings: { ws: { method: "GET", query: streamQuery } },
      },
      ...dialects.channels,
    },
    operations: {
      tell: {
        action: "send",
        channel: { $ref: channel },
        summary: "What the server sends",
        messages: refs(toClients, `${channel}/messages`),
      },
      ask: {
        action: "receive",
        channel: { $ref: channel },
        summary: "What a client may send; a frame with an id is answered by a reply",
        messages: refs(fromClients, `${channel}/messages`),
        reply: { channel: { $ref: channel }, messages: [{ $ref: `${channel}/messages/told_reply` }] },
      },
      ...dialects.operations,
    },
    components: { messages: all, schemas: schemas.all() },
  };
}

/** Both sides have a `read`. */
function messagesOf(
  prefix: string,
  frames: Readonly<Record<string, FrameDescription>>,
  examples: Readonly<Record<string, object>>,
  schemas: NamedSchemas,
): PlainSchema {
  return Object.fromEntries(
    Object.entries(frames).map(([type, { schema, summary }]) => [
      `${prefix}_${type}`,
      { name: type, summary, payload: schemas.plain(schema), examples: [{ payload: examples[type] }] },
    ]),
  );
}

const handshakeQuery = {
  type: "object",
  properties: {
    token: { type: "string", description: "an access token; or the header Authorization" },
    ticket: { type: "string", description: "instead of a token: from POST /api/ws-ticket, good for one handshake" },
    device: { type: "string", maxLength: 128, description: "a name for this device; the session without one" },
    cursor: { type: "string", description: "where to start: an `at`, or the Chat-Position of a snapshot" },
  },
};

const streamQuery = {
  ...handshakeQuery,
  properties: {
    ...handshakeQuery.properties,
    chat: {
      type: "string",
      description:
        "show this chat alone, by a cursor of its own: proof on this socket says nothing of other chats; 403 for who is not in it",
    },
  },
};

function closings(): string {
  const codes = Object.values(closeCodes).map(({ code, text }) => `${code} ${text}`);
  return `Closed with: ${codes.join(" · ")} · 1009 frame too large.`;
}
