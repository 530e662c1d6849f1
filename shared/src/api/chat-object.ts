import Type, { type Static } from "typebox";
import { avatarUrl } from "./avatar-url.ts";
import { exampleChat } from "./examples.ts";

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** A chat as clients see it, over HTTP and on sockets alike. */
export const ChatObject = Type.Object(
  {
    id: Type.String(),
    chat_id: Type.String({ description: "the same as id" }),
    chat_type: Type.Union([Type.Literal("private"), Type.Literal("group")]),
    type: Type.Union([Type.Literal("private"), Type.Literal("group")], { description: "the same as chat_type" }),
    name: Nullable(Type.String()),
    title: Nullable(Type.String({ description: "the same as name" })),
    description: Nullable(Type.String()),
    avatar: Nullable(Type.String()),
    creator_id: Type.String(),
    member_ids: Type.Array(Type.String()),
    created_at: Type.String({ format: "date-time" }),
    updated_at: Type.String({ format: "date-time" }),
    version: Type.Integer({ description: "how many events the chat has had" }),
  },
  { $id: "Chat", additionalProperties: false, examples: [exampleChat] },
);
export type ChatObject = Static<typeof ChatObject>;

/** What a chat object is made from. Times are ISO 8601 in UTC; `memberIds` are the current members. */
export interface ChatParts {
  readonly chatId: string;
  readonly chatType: "private" | "group";
  readonly title: string | null;
  readonly description: string | null;
  readonly avatar: string | null;
  readonly creatorId: string;
  readonly memberIds: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly version: number;
}

export function chatObject(chat: ChatParts): ChatObject {
  return {
    id: chat.chatId,
    chat_id: chat.chatId,
    chat_type: chat.chatType,
    type: chat.chatType,
    name: chat.title,
    title: chat.title,
    description: chat.description,
    avatar: avatarUrl(`/chats/${chat.chatId}`, chat.avatar),
    creator_id: chat.creatorId,
    member_ids: [...chat.memberIds],
    created_at: chat.createdAt,
    updated_at: chat.updatedAt,
    version: chat.version,
  };
}
