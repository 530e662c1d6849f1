import { isUserId } from "@chat/shared/ids";
import { chatRoom } from "./protocols/chat-room.ts";
import { joinedChats } from "./protocols/joined-chats.ts";
import { nativeProtocol } from "./protocols/native.ts";
import { plainText } from "./protocols/plain-text.ts";
import type { Protocol } from "./protocols/protocol.ts";
import { textRoom } from "./protocols/text-room.ts";
import { userStream } from "./protocols/user-stream.ts";

/**
 * What a socket shows: all chats of its user, by the device's cursor; one chat, by a cursor of its own; or those that
 * are joined on it, each by a cursor of its own.
 */
export type Scope =
  | { readonly shows: "all chats" }
  | {
      readonly shows: "one chat";
      readonly chatId: string;
      /** Where a device starts that never showed this chat. `where the user was`: on any device, else as a new member. */
      readonly newDeviceStarts: "now" | "where the user was";
    }
  | { readonly shows: "joined chats" };

/** What stands behind the path, by name. */
export type SocketQuery = Pick<URLSearchParams, "get">;

/** What there is at a path: a dialect, and what is shown in it. */
export interface SocketPlace {
  readonly protocol: Protocol;
  readonly scope: Scope;
  /** Whose socket the path says that it is; null where it says nothing. */
  readonly userId: string | null;
}

/** Null: there is no socket at this path. Ids are not looked at further than to tell a user's from a chat's. */
export function socketPlaceAt(path: string, query: SocketQuery): SocketPlace | null {
  const [place, ...ids] = path.replace(/^\//, "").replace(/\/$/, "").split("/");
  const [one = "", other = ""] = ids;
  if (place === "chat" && ids.length === 1) return placeIn(textRoom, one, { newDeviceStarts: "where the user was" });
  if (place !== "ws") return null;
  switch (ids.length) {
    case 0:
      return nativePlace(nativeProtocol, query);
    case 1:
      if (one === "notif") return nativePlace(query.get("quiet") === "1" ? userStream : nativeProtocol, query);
      if (isUserId(one)) return { protocol: joinedChats, scope: { shows: "joined chats" }, userId: one };
      return placeIn(chatRoom, one);
    case 2:
      return isUserId(other) ? placeIn(plainText, one, { userId: other }) : placeIn(plainText, other, { userId: one });
    default:
      return null;
  }
}

function nativePlace(protocol: Protocol, query: SocketQuery): SocketPlace {
  const chatId = query.get("chat") ?? "";
  return chatId === "" ? { protocol, scope: { shows: "all chats" }, userId: null } : placeIn(protocol, chatId);
}

interface ChatPlaceOptions {
  readonly userId?: string;
  readonly newDeviceStarts?: "now" | "where the user was";
}

function placeIn(
  protocol: Protocol,
  chatId: string,
  { userId, newDeviceStarts = "now" }: ChatPlaceOptions = {},
): SocketPlace {
  return { protocol, scope: { shows: "one chat", chatId, newDeviceStarts }, userId: userId ?? null };
}
