import Type from "typebox";
import { chatIdPattern, messageIdPattern, parseMessageId } from "@chat/shared/ids";
import { Rejection } from "@chat/shared/rejection";

export const chatIdParams = Type.Object({ chat_id: Type.String({ pattern: chatIdPattern }) });
export const messageIdParams = Type.Object({ message_id: Type.String({ pattern: messageIdPattern }) });

/** An answer's size is bounded, and so is what one request costs. */
export const maxPage = 100;
export const limitField = Type.Optional(Type.Integer({ minimum: 1, maximum: maxPage, description: "at most 100" }));

/** A place in a chat: a seq, or the id of a message of that chat. */
export const placeField = Type.Optional(
  Type.String({ pattern: `^[0-9]{1,9}$|${messageIdPattern}`, description: "a seq, or a message's id" }),
);

/** The seq of a place, undefined for none; a message of another chat is no place in this one. */
export function seqOf(name: string, place: string | undefined, chatId: string): number | undefined {
  if (place === undefined || /^\d+$/.test(place)) return place === undefined ? undefined : Number(place);
  const message = parseMessageId(place);
  if (message?.chatId === chatId) return message.seq;
  throw new Rejection("validation_failed", `${name} names a message of another chat.`, {
    errors: [{ in: "query", pointer: `/${name}`, detail: "must be a message of this chat" }],
  });
}
