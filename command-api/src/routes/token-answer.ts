import Type, { type Static } from "typebox";
import type { GrantedTokens } from "../identity/identity.ts";

export const exampleTokens = {
  access_token: "<header>.<claims>.<signature>",
  token_type: "bearer",
  expires_in: 1_800,
  refresh_token: "<what the next refresh wants>",
};

/** In the words of OAuth2 (RFC 6749, 5.1). */
export const TokenAnswer = Type.Object(
  {
    access_token: Type.String(),
    token_type: Type.Literal("bearer"),
    expires_in: Type.Integer({ description: "seconds that the access token lasts" }),
    refresh_token: Type.String({ description: "good for one POST /auth/refresh, which answers the next one" }),
  },
  { examples: [exampleTokens] },
);

export function tokenAnswer({
  accessToken,
  expiresInSeconds,
  refreshToken,
}: GrantedTokens): Static<typeof TokenAnswer> {
  return { access_token: accessToken, token_type: "bearer", expires_in: expiresInSeconds, refresh_token: refreshToken };
}
