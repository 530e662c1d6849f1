import { examplePassword } from "@chat/shared/api/examples";
import { defineRoute, type Route } from "@chat/shared/http/define-route";
import Type from "typebox";
import type { Sessions } from "../identity/sessions.ts";
import { MAX_PASSWORD_CHARACTERS, NewPasswordField } from "./password-fields.ts";
import { exampleTokens, TokenAnswer, tokenAnswer } from "./token-answer.ts";

/** Whatever is no refresh token gets the same 401; only what cannot be one for its size is told so. */
const MAX_REFRESH_TOKEN_CHARACTERS = 512;

const SESSION_ID_PATTERN = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";

const Ticket = Type.Object(
  {
    ticket: Type.String({ description: "good for one handshake: /ws?ticket=…" }),
    expires_in: Type.Integer({ description: "seconds" }),
  },
  { examples: [{ ticket: "<for one handshake>", expires_in: 30 }] },
);

const Refresh = Type.Object(
  { refresh_token: Type.String({ maxLength: MAX_REFRESH_TOKEN_CHARACTERS }) },
  { examples: [{ refresh_token: exampleTokens.refresh_token }] },
);

const NewPassword = Type.Object(
  { old: Type.String({ maxLength: MAX_PASSWORD_CHARACTERS }), new: NewPasswordField },
  { examples: [{ old: examplePassword, new: "another phrase of several words" }] },
);

/** Going on with a session, and ending it. Its sockets are closed with 4401. The list of them is query-api's. */
export function sessionRoutes(sessions: Sessions): readonly Route[] {
  const common = { method: "POST", auth: "token", tags: ["auth"] } as const;
  const ended = { responses: { 204: { description: "Ended" } } };
  return [
    defineRoute({
      ...common,
      path: "/auth/refresh",
      summary: "Exchange a refresh token for new tokens; one that was used before ends its session",
      auth: "none",
      body: Refresh,
      responses: { 200: { description: "New tokens of the same session", schema: TokenAnswer } },
      rejections: ["unauthenticated"],
      handle: async ({ body, headers }) => ({
        status: 200,
        body: tokenAnswer(await sessions.refresh(body.refresh_token, headers["user-agent"])),
      }),
    }),
    defineRoute({
      ...common,
      ...ended,
      path: "/auth/logout",
      summary: "End this session",
      async handle({ caller }) {
        await sessions.logOut(caller);
        return { status: 204 };
      },
    }),
    defineRoute({
      ...common,
      ...ended,
      path: "/auth/logout-all",
      summary: "End all sessions of the account, this one too",
      async handle({ caller }) {
        await sessions.logOutEverywhere(caller);
        return { status: 204 };
      },
    }),
    defineRoute({
      ...common,
      ...ended,
      method: "DELETE",
      path: "/auth/sessions/:session_id",
      summary: "End a session of one's own",
      params: Type.Object({ session_id: Type.String({ pattern: SESSION_ID_PATTERN }) }),
      rejections: ["not_found"],
      async handle({ caller, params }) {
        await sessions.end(caller, params.session_id);
        return { status: 204 };
      },
    }),
    defineRoute({
      ...common,
      path: "/auth/password",
      summary: "Change the password; all other sessions end. A wrong old one counts as a log-in that failed",
      body: NewPassword,
      responses: { 204: { description: "Changed" } },
      rejections: ["invalid_credentials", "too_many_requests"],
      async handle({ caller, body, clientAddress }) {
        await sessions.changePassword(caller, { ...body, address: clientAddress() });
        return { status: 204 };
      },
    }),
    defineRoute({
      ...common,
      path: "/ws-ticket",
      summary: "A ticket for a websocket, for those who want no token in a URL",
      responses: { 200: { description: "Good for one handshake within 30 seconds", schema: Ticket } },
      async handle({ caller }) {
        const { ticket, expiresInSeconds } = await sessions.issueTicket(caller);
        return { status: 200, body: { ticket, expires_in: expiresInSeconds } };
      },
    }),
  ];
}
