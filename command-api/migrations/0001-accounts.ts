import type { Migration } from "@chat/shared/postgres/migrate";

/** Accounts and sessions, and in `directory` what other services may know of them. */
export const accounts: Migration = {
  name: "0001-accounts",
  async up(db) {
    await db.raw(`
      CREATE TABLE identity.users (
        id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        -- Trimmed, composed and in lower case, by the one function that writes it: so unique means unique in every spelling.
        email         text NOT NULL UNIQUE,
        name          text NOT NULL,
        city          text,
        avatar        text,
        password_hash text NOT NULL,
        created_at    timestamptz NOT NULL
      );

      CREATE TABLE identity.sessions (
        id         uuid PRIMARY KEY,
        user_id    bigint NOT NULL REFERENCES identity.users (id) ON DELETE CASCADE,
        -- What the device calls itself (User-Agent), for the list of one's own sessions.
        device     text,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz
      );
      CREATE INDEX sessions_of_user ON identity.sessions (user_id);

      CREATE SCHEMA IF NOT EXISTS directory;

      -- What everyone may know of everyone.
      CREATE VIEW directory.users AS SELECT id, name, city, avatar FROM identity.users;

      -- What one may know of oneself; never the hash of the password.
      CREATE VIEW directory.own_profiles AS SELECT id, email, name, city, avatar, created_at FROM identity.users;
    `);
  },
};
