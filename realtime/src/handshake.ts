import type { IncomingMessage } from "node:http";
import { createAllowedOrigins } from "@chat/shared/http/allowed-origins";
import type { Authenticate } from "@chat/shared/http/authenticate";
import { isStorable } from "@chat/shared/http/storable-text";
import { parseUrlEncoded } from "@chat/shared/http/url-encoded";
import { isChatId, type UserId } from "@chat/shared/ids";
import { Rejection } from "@chat/shared/rejection";
import type { RedeemTicket } from "./identity/redeem-ticket.ts";
import type { Protocol } from "./protocols/protocol.ts";
import { type Scope, socketPlaceAt, type SocketQuery } from "./socket-places.ts";

/** A device's name is chosen by its client: a UUID, or words. */
const MAX_DEVICE_CHARACTERS = 128;

/** What a socket asks for before it opens. */
export interface Handshake {
  readonly protocol: Protocol;
  readonly scope: Scope;
  readonly caller: SocketCaller;
  /** `device` in the query, else the session. */
  readonly deviceId: string;
  /** `cursor` in the query: where the client says that it is. Not looked at yet. */
  readonly cursor: string | null;
}

/** Who opens a socket. No token's end counts from here on: a socket lives as long as its session. */
export interface SocketCaller {
  readonly userId: UserId;
  readonly sessionId: string;
}

export interface HandshakeRules {
  readonly authenticate: Authenticate;
  readonly redeemTicket: RedeemTicket;
  /** Not checked when undefined. */
  readonly allowedOrigins: readonly string[] | undefined;
}

/** Rejects with a Rejection, which becomes the HTTP answer to the handshake. */
export async function readHandshake(request: IncomingMessage, rules: HandshakeRules): Promise<Handshake> {
  const url = URL.parse(request.url ?? "", "http://localhost");
  if (url === null) throw new Rejection("malformed_request", "The URL cannot be read.");
  const query = readQuery(url.search.slice(1));
  const place = socketPlaceAt(url.pathname, query);
  if (place === null) throw new Rejection("not_found", "There is no socket at this path.");
  const { protocol, scope, userId } = place;
  const device = deviceIdFrom(query.get("device"));
  if (rules.allowedOrigins !== undefined) checkOrigin(request, rules.allowedOrigins);
  // Last, for a ticket is gone once it was looked at.
  const caller = await callerOf(request, query, rules);
  if (userId !== null && userId !== caller.userId) throw notTheirs();
  if (scope.shows === "one chat" && !isChatId(scope.chatId)) throw notTheirs();
  return { protocol, scope, caller, deviceId: device ?? caller.sessionId, cursor: query.get("cursor") };
}

/**
 * Of a name that is repeated the first counts. Not by `searchParams`, which puts U+FFFD where bytes are no UTF-8: two names would be
 * one device.
 */
function readQuery(text: string): SocketQuery {
  const fields = parseUrlEncoded(text);
  return { get: (name) => [fields[name]].flat()[0] ?? null };
}

/** A token that is there decides, even a wrong one, as it does for a request. */
async function callerOf(
  { headers: { authorization } }: IncomingMessage,
  query: SocketQuery,
  { authenticate, redeemTicket }: HandshakeRules,
): Promise<SocketCaller> {
  const queryToken = query.get("token") ?? undefined;
  const ticket = query.get("ticket");
  if (authorization !== undefined || queryToken !== undefined || ticket === null) {
    return authenticate({ authorization, queryToken });
  }
  return redeemTicket(ticket);
}

/** Nobody learns by it whether there is such a chat. */
export function notTheirs(): Rejection {
  return new Rejection("forbidden", "There is no such chat, or this user is not in it.");
}

function deviceIdFrom(device: string | null): string | null {
  if (device === null || device === "") return null;
  if (device.length > MAX_DEVICE_CHARACTERS || !isStorable(device)) {
    const detail = `must be a text of at most ${MAX_DEVICE_CHARACTERS} characters`;
    throw new Rejection("validation_failed", `device ${detail}.`, {
      errors: [{ in: "query", pointer: "/device", detail }],
    });
  }
  return device;
}

/** Programs send no origin. A page of ours has the host that it talks to. */
function checkOrigin({ headers }: IncomingMessage, allowedOrigins: readonly string[]): void {
  const { origin, host } = headers;
  if (origin === undefined || createAllowedOrigins(allowedOrigins).has(origin)) return;
  const page = URL.parse(origin);
  // Read as a part of the page's own URL, so that a default port is none on either side.
  if (page !== null && URL.parse(`${page.protocol}//${host ?? ""}`)?.host === page.host) return;
  throw new Rejection("forbidden", "Pages of this origin may not open sockets here.");
}
