import type { AccessTokens, Caller } from "../identity/access-token.ts";
import { Rejection } from "../rejection.ts";

/** Where a request may carry its token: the `Authorization` header, else the query parameter `token`. */
export interface Credentials {
  readonly authorization: string | undefined;
  readonly queryToken: unknown;
}

/** Who asks, or a Rejection: unauthenticated or token_expired. */
export type Authenticate = (credentials: Credentials) => Caller;

/** A header that is there decides, even a wrong one: a request must not be someone else's than its header says. */
export function createAuthenticate(tokens: Pick<AccessTokens, "verify">): Authenticate {
  return ({ authorization, queryToken }) => tokens.verify(tokenOf(authorization, queryToken));
}

function tokenOf(authorization: string | undefined, queryToken: unknown): string {
  if (authorization !== undefined) {
    const token = /^Bearer +([^ ]+) *$/i.exec(authorization)?.[1];
    if (token === undefined)
      throw new Rejection("unauthenticated", "The Authorization header must be: Bearer <token>.");
    return token;
  }
  if (typeof queryToken === "string" && queryToken !== "") return queryToken;
  throw new Rejection("unauthenticated", "Send an access token: Authorization: Bearer <token>, or ?token=<token>.");
}
