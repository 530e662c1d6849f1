import Type from "typebox";
import { chatIdPattern, messageIdPattern, parseMessageId, type ChatId } from "@chat/shared/ids";
import { userIdField } from "@chat/shared/http/fields";
import { Rejection } from "@chat/shared/rejection";

/** A path whose parameters do not fit names nothing: the mount answers 404. */
export const chatIdParams = Type.Object({ chat_id: Type.Unsafe<ChatId>({ type: "string", pattern: chatIdPattern }) });
export const memberParams = Type.Object({ ...chatIdParams.properties, user_id: userIdField() });
export const messageIdParams = Type.Object({ message_id: Type.String({ pattern: messageIdPattern }) });

/** Where a message lives; its id was checked against `messageIdParams`. */
export function locate(messageId: string): { readonly chatId: ChatId; readonly seq: number } {
  const place = parseMessageId(messageId);
  if (place === null) throw new Rejection("not_found", "There is no such message.");
  return place;
}
