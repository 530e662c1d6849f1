import Type, { type Static, type TObject } from "typebox";
import { chatIdPattern, userIdPattern } from "../ids.ts";
import type { ChatEvent } from "./chat-events.ts";

/** How an event of one type is stored: `content` is what people write, `data` all the rest. */
export interface EventShape {
  /** Rises with every change of the shape, a new optional field too; see `upcasters.ts`. */
  readonly version: number;
  readonly data: TObject;
  readonly content?: TObject;
}

const closed = { additionalProperties: false } as const;
const userId = Type.String({ pattern: userIdPattern });
/** Nine digits, as in a message's id. */
const seq = Type.Integer({ minimum: 1, maximum: 999_999_999 });
/** A seq, or 0 for "none yet". */
const watermark = Type.Integer({ minimum: 0, maximum: 999_999_999 });
const text = Type.String();
const textOrNull = Type.Union([Type.String(), Type.Null()]);
const seqOrNull = Type.Union([seq, Type.Null()]);
const timestampPattern = String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`;
const timestamp = Type.String({ pattern: timestampPattern });
const role = Type.Union([Type.Literal("owner"), Type.Literal("admin"), Type.Literal("member")]);
const newMembers = Type.Array(Type.Object({ userId, role }, closed), { minItems: 1 });
const nothing = Type.Object({}, closed);
const names = Type.Array(Type.String());
const storedFiles = Type.Array(
  Type.Object(
    {
      number: Type.Integer({ minimum: 1, maximum: 999_999 }),
      key: Type.String({ minLength: 1 }),
      type: Type.String({ minLength: 1 }),
      size: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    },
    closed,
  ),
);
const messageFields = {
  senderId: userId,
  sentAt: timestamp,
  replyTo: seqOrNull,
  clientMessageId: textOrNull,
  files: storedFiles,
  readCount: watermark,
  fullyRead: Type.Boolean(),
};
const messageFacts = Type.Object(messageFields, closed);
const timestampOrNull = Type.Union([timestamp, Type.Null()]);
const messageWithFiles = Type.Object({ ...messageFields, editedAt: timestampOrNull }, closed);

export const eventShapes = {
  ChatCreated: {
    version: 1,
    data: Type.Object(
      { chatType: Type.Union([Type.Literal("private"), Type.Literal("group")]), members: newMembers },
      closed,
    ),
    content: Type.Object({ title: textOrNull, description: textOrNull }, closed),
  },
  ChatRenamed: {
    version: 1,
    data: Type.Object({ avatar: Type.Optional(textOrNull) }, closed),
    content: Type.Object({ title: Type.Optional(textOrNull), description: Type.Optional(textOrNull) }, closed),
  },
  ChatDeleted: { version: 1, data: nothing },
  MembersAdded: { version: 1, data: Type.Object({ members: newMembers, readUpTo: watermark }, closed) },
  MemberRemoved: { version: 1, data: Type.Object({ userId }, closed) },
  MemberLeft: { version: 1, data: Type.Object({ userId }, closed) },
  MemberRoleChanged: { version: 1, data: Type.Object({ userId, role }, closed) },
  MessageSent: {
    version: 1,
    data: Type.Object({ seq, replyTo: seqOrNull }, closed),
    content: Type.Object({ text }, closed),
  },
  MessageEdited: {
    version: 2,
    data: Type.Object({ seq, message: messageFacts }, closed),
    content: Type.Object({ text, names }, closed),
  },
  MessageDeleted: { version: 1, data: Type.Object({ seq, senderId: userId }, closed) },
  FileAttached: {
    version: 2,
    data: Type.Object({ seq, files: storedFiles, message: Type.Optional(messageWithFiles) }, closed),
    content: Type.Object({ names, message: Type.Optional(Type.Object({ text, names }, closed)) }, closed),
  },
  MessageRead: { version: 1, data: Type.Object({ from: watermark, upTo: seq, named: seqOrNull }, closed) },
  MessagesFullyRead: {
    version: 1,
    data: Type.Object(
      {
        from: watermark,
        upTo: watermark,
        slowest: userId,
        slowestFrom: watermark,
        slowestUpTo: watermark,
        former: Type.Union([Type.Object({ userId, from: watermark }, closed), Type.Null()]),
      },
      closed,
    ),
  },
} as const satisfies Record<ChatEvent["type"], EventShape>;

/** The whole record as it is written: `key`, `hash` and `trace` are left out where there is none. */
export function recordSchema(type: ChatEvent["type"], shape: EventShape): TObject {
  const name = Type.String({ minLength: 1 });
  return Type.Object(
    {
      id: name,
      type: Type.Literal(type),
      v: Type.Literal(shape.version),
      chat: Type.String({ pattern: chatIdPattern }),
      version: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
      actor: userId,
      at: timestamp,
      command: name,
      key: Type.Optional(name),
      hash: Type.Optional(name),
      trace: Type.Optional(name),
      data: shape.data,
      ...(shape.content === undefined ? {} : { content: shape.content }),
    },
    closed,
  );
}

/** Fails to compile when a shape and the hand-written type beside it differ in any field, `readonly` aside. */
export type ShapesAreTheTypes = AllTrue<{
  [T in ChatEvent["type"]]: Same<Plain<ShapedEvent<T>>, Plain<Extract<ChatEvent, { readonly type: T }>>>;
}>;

type ShapedEvent<T extends ChatEvent["type"]> = { type: T } & Static<(typeof eventShapes)[T]["data"]> &
  ((typeof eventShapes)[T] extends { readonly content: infer C extends TObject } ? { content: Static<C> } : unknown);

type Plain<T> = T extends readonly (infer Item)[]
  ? Plain<Item>[]
  : T extends object
    ? { -readonly [Field in keyof T]: Plain<T[Field]> }
    : T;

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

type AllTrue<T extends Record<string, true>> = T;
