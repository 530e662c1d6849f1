import { hashOfOpaqueToken, newOpaqueToken } from "@chat/shared/identity/opaque-token";
import type { Knex } from "knex";

/** From the answer to the handshake of a page that has it at once. */
export const TICKET_SECONDS = 30;

/** Tickets that nobody redeemed, cleared away with each new one: more than come in, so they do not pile up. */
const CLEARED_AT_ONCE = 100;

export interface WsTickets {
  /** A ticket for one handshake, or null when the session is over. */
  issue(sessionId: string): Promise<string | null>;
}

/** Tickets for sockets. They are rows, so that any instance of realtime can take one, and the delete makes it the only one. */
export function createWsTickets(db: Knex): WsTickets {
  return {
    async issue(sessionId) {
      const ticket = newOpaqueToken();
      const { rows } = await db.raw<{ rows: unknown[] }>(
        `WITH cleared AS (
           DELETE FROM identity.ws_tickets WHERE ticket_hash IN (
             SELECT ticket_hash FROM identity.ws_tickets WHERE expires_at < now() LIMIT ? FOR UPDATE SKIP LOCKED
           )
         )
         INSERT INTO identity.ws_tickets (ticket_hash, session_id, expires_at)
         SELECT ?, id, now() + make_interval(secs => ?) FROM identity.sessions
         WHERE id = ? AND revoked_in IS NULL AND expires_at > now()
         RETURNING session_id`,
        [CLEARED_AT_ONCE, hashOfOpaqueToken(ticket), TICKET_SECONDS, sessionId],
      );
      return rows.length === 0 ? null : ticket;
    },
  };
}
