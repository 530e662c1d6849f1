import { isChatId } from "@chat/shared/ids";
import { Rejection } from "@chat/shared/rejection";
import type { ChatListPlace } from "../queries/chats.ts";

/** The last moment of a JavaScript Date, in milliseconds: what lies beyond is no place of ours. */
const latestMs = 8_640_000_000_000_000;

/** A place in the list of chats as `Link` carries it. Opaque to clients. */
export function formatPlace({ activeAt, chatId }: ChatListPlace): string {
  return Buffer.from(`${Math.round(activeAt * 1_000)}.${chatId}`).toString("base64url");
}

/** Throws a Rejection for what `formatPlace` did not write. */
export function parsePlace(text: string): ChatListPlace {
  const [activeAt = "", chatId = "", ...rest] = Buffer.from(text, "base64url").toString().split(".");
  const ms = Number(activeAt);
  if (rest.length > 0 || !/^\d{1,16}$/.test(activeAt) || ms > latestMs || !isChatId(chatId)) {
    throw new Rejection("validation_failed", "cursor is not one of ours.", {
      errors: [{ in: "query", pointer: "/cursor", detail: "must come from the Link of a page" }],
    });
  }
  return { activeAt: ms / 1_000, chatId };
}
