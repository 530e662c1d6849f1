import type { Migration } from "@chat/shared/postgres/migrate";

/** Refresh tokens, tickets for sockets, and in `directory` what other services may know of sessions. */
export const refreshTokens: Migration = {
  name: "0002-refresh-tokens",
  async up(db) {
    await db.raw(`
      -- The transaction that revoked it: readers that follow revocations by it miss none, however late one commits.
      ALTER TABLE identity.sessions ADD COLUMN revoked_in xid8;
      UPDATE identity.sessions SET revoked_in = pg_current_xact_id() WHERE revoked_at IS NOT NULL;
      ALTER TABLE identity.sessions ADD CHECK ((revoked_at IS NULL) = (revoked_in IS NULL));
      CREATE INDEX revoked_sessions ON identity.sessions (revoked_in) WHERE revoked_in IS NOT NULL;
      CREATE INDEX sessions_by_expiry ON identity.sessions (expires_at);

      -- The refresh tokens of a session, one after the other. A session that was opened before there were any has none.
      CREATE TABLE identity.refresh_tokens (
        -- SHA-256: the token itself is known to its device only.
        token_hash     bytea PRIMARY KEY,
        session_id     uuid NOT NULL REFERENCES identity.sessions (id) ON DELETE CASCADE,
        generation     int NOT NULL,
        spent_at       timestamptz,
        -- What the device that spent it calls itself (User-Agent).
        spent_by       text,
        -- Together with the token, which is not kept, this makes the successor; so the same one can be answered twice.
        successor_salt bytea,
        CHECK ((spent_at IS NULL) = (successor_salt IS NULL)),
        UNIQUE (session_id, generation)
      );
      -- Whatever races or bugs there are: never two tokens of one session that are good.
      CREATE UNIQUE INDEX one_live_refresh_token ON identity.refresh_tokens (session_id) WHERE spent_at IS NULL;

      CREATE TABLE identity.ws_tickets (
        ticket_hash bytea PRIMARY KEY,
        session_id  uuid NOT NULL REFERENCES identity.sessions (id) ON DELETE CASCADE,
        expires_at  timestamptz NOT NULL
      );
      CREATE INDEX ws_tickets_of_session ON identity.ws_tickets (session_id);
      CREATE INDEX ws_tickets_by_expiry ON identity.ws_tickets (expires_at);

      -- What every service needs for refusing what has ended, and no more: neither whose session it was nor on which device.
      CREATE VIEW directory.revoked_sessions AS
        SELECT id AS session_id, revoked_at, revoked_in, expires_at FROM identity.sessions
        WHERE revoked_in IS NOT NULL OR expires_at <= now();

      -- The list of one's own devices.
      CREATE VIEW directory.own_sessions AS
        SELECT id, user_id, device, created_at, expires_at FROM identity.sessions
        WHERE revoked_in IS NULL AND expires_at > now();

      -- Takes a ticket: of any number of calls with one hash, on any instances, one gets the row. It runs with the rights
      -- of its owner, so whoever redeems needs none on the table. A wrong hash and a ticket that is over look the same.
      CREATE FUNCTION directory.redeem_ws_ticket(hash bytea) RETURNS TABLE (user_id bigint, session_id uuid)
      LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
        WITH taken AS (
          DELETE FROM identity.ws_tickets AS ticket WHERE ticket.ticket_hash = redeem_ws_ticket.hash
          RETURNING ticket.session_id, ticket.expires_at
        )
        SELECT session.user_id, session.id FROM taken JOIN identity.sessions AS session ON session.id = taken.session_id
        WHERE taken.expires_at > now() AND session.revoked_in IS NULL AND session.expires_at > now()
      $$;
    `);
  },
};
