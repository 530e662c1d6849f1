import { randomBytes } from "node:crypto";
import { v5, v7 } from "uuid";
import { drawRandom } from "./random.ts";

/** A chat: UUIDv7, or derived (v5) where creating twice must give the same chat. */
export type ChatId = string & { readonly __brand: "ChatId" };
/** An account: a decimal number in a string, a Postgres identity. */
export type UserId = string & { readonly __brand: "UserId" };

export const chatIdPattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[57][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";
/** At most 18 digits: always a Postgres bigint. */
export const userIdPattern = "^[1-9][0-9]{0,17}$";
/** `<chat id>.<seq>`: a message's id says where it lives. */
export const messageIdPattern = `${chatIdPattern.slice(0, -1)}\\.[1-9][0-9]{0,8}$`;

/** `<message id>.<number>`: a file's id says which message it belongs to. */
export const fileIdPattern = `${messageIdPattern.slice(0, -1)}\\.[1-9][0-9]{0,5}$`;

const chatIdExpression = new RegExp(chatIdPattern);
const userIdExpression = new RegExp(userIdPattern);

export const isChatId = (text: string): text is ChatId => chatIdExpression.test(text);
export const isUserId = (text: string): text is UserId => userIdExpression.test(text);

/** Names the space of derived chat ids. Changing it would split every private chat in two. */
const derivedChats = "6f9e1b9a-53a6-5d0f-9c1e-0d6a7c1d2e4b";

const RANDOM_BYTES_AN_ID = 16;

export const newChatId = (): ChatId => v7() as ChatId;
export const newEventId = (): string => v7({ random: drawRandom(RANDOM_BYTES_AN_ID) });

/** The same for both orders of the pair: two users have one private chat. */
export function privateChatId(one: UserId, other: UserId): ChatId {
  const pair = BigInt(one) < BigInt(other) ? `${one}:${other}` : `${other}:${one}`;
  return v5(`private:${pair}`, derivedChats) as ChatId;
}

/** A group that was created with an idempotency key: creating it again gives the same chat. */
export function groupChatId(creator: UserId, idempotencyKey: string): ChatId {
  return v5(`group:${creator}:${idempotencyKey}`, derivedChats) as ChatId;
}

export const formatMessageId = (chatId: string, seq: number): string => `${chatId}.${String(seq)}`;

/** Null for anything that is no message id of ours. */
export function parseMessageId(text: string): { readonly chatId: ChatId; readonly seq: number } | null {
  const dot = text.lastIndexOf(".");
  const chatId = text.slice(0, dot);
  const seq = text.slice(dot + 1);
  return dot > 0 && isChatId(chatId) && /^[1-9]\d{0,8}$/.test(seq) ? { chatId, seq: Number(seq) } : null;
}

/** Null for anything that is no file id of ours. */
export function parseFileId(
  text: string,
): { readonly chatId: ChatId; readonly seq: number; readonly number: number } | null {
  const dot = text.lastIndexOf(".");
  const message = parseMessageId(text.slice(0, Math.max(dot, 0)));
  const number = text.slice(dot + 1);
  return message !== null && /^[1-9]\d{0,5}$/.test(number) ? { ...message, number: Number(number) } : null;
}

/** Tells one Election from another, 72 random bits in 12 characters. */
export const newElectionId = (): string => randomBytes(9).toString("base64url");
