import Type, { type Static } from "typebox";
import { ChatObject } from "./chat-object.ts";
import { exampleChat, exampleMessage } from "./examples.ts";
import { MessageObject } from "./message-object.ts";

/** A chat as its member sees it in his list of chats. All of it is of one moment: that of `version`. */
export const ListedChat = Type.Object(
  {
    ...ChatObject.properties,
    last_message: Type.Union([MessageObject, Type.Null()]),
    unread_count: Type.Integer(),
    my_role: Type.Union([Type.Literal("owner"), Type.Literal("admin"), Type.Literal("member")]),
    read_up_to: Type.Integer({ description: "the caller has read up to this seq" }),
  },
  {
    $id: "ListedChat",
    additionalProperties: false,
    examples: [{ ...exampleChat, last_message: exampleMessage, unread_count: 0, my_role: "owner", read_up_to: 1 }],
  },
);
export type ListedChat = Static<typeof ListedChat>;
