import Type, { type Static } from "typebox";
import { defineRoute, type Route } from "@chat/shared/http/define-route";
import { nullable } from "@chat/shared/http/fields";
import type { OwnSessionRow, OwnSessions } from "../queries/own-sessions.ts";
import { maxPage } from "./params.ts";

const SessionObject = Type.Object(
  {
    id: Type.String(),
    device: nullable(Type.String({ description: "the User-Agent that logged in" })),
    created_at: Type.String({ format: "date-time" }),
    expires_at: Type.String({ format: "date-time" }),
    current: Type.Boolean({ description: "the session of the token that asks" }),
  },
  {
    $id: "Session",
    additionalProperties: false,
    examples: [
      {
        id: "0199a1b2-c3d4-4e5f-8a6b-7c8d9e0f1a2c",
        device: "Mozilla/5.0",
        created_at: "2026-03-01T09:29:00.000Z",
        expires_at: "2026-03-31T09:29:00.000Z",
        current: true,
      },
    ],
  },
);

/** Where one is logged in. Of somebody who logs in and never out, the newest are enough; POST /auth/logout-all ends the rest. */
export function sessionRoutes(ownSessions: OwnSessions): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/auth/sessions",
      summary: `The devices of the account: its sessions, newest first, at most ${maxPage}`,
      tags: ["auth"],
      auth: "token",
      responses: { 200: { description: "The sessions that have not ended", schema: Type.Array(SessionObject) } },
      async handle({ caller }) {
        const sessions = await ownSessions(caller.userId, maxPage);
        return { status: 200, body: sessions.map((session) => sessionObject(session, caller.sessionId)) };
      },
    }),
  ];
}

function sessionObject(session: OwnSessionRow, currentId: string): Static<typeof SessionObject> {
  const { id, device, created_at: createdAt, expires_at: expiresAt } = session;
  return {
    id,
    device,
    created_at: createdAt.toISOString(),
    expires_at: expiresAt.toISOString(),
    current: id === currentId,
  };
}
