import type { Migration } from "@chat/shared/postgres/migrate";

/** Which files are in the store, whose they are and what they were put there for. The bytes are not here. */
export const storedFiles: Migration = {
  name: "0001-stored-files",
  async up(db) {
    await db.raw(`
      -- A row is there before its first byte is stored, and goes after its last one: no byte is without a row.
      CREATE TABLE files.stored (
        key        uuid PRIMARY KEY,          -- begins with the time, so their order is that of uploading
        user_id    bigint NOT NULL,
        kind       text NOT NULL CHECK (kind IN ('message', 'chat avatar', 'user avatar')),
        chat_id    uuid,                      -- what it is meant for; whether it became that is said by the read models
        seq        int,
        bytes      bigint,                    -- null while it is being stored
        touched_at timestamptz NOT NULL DEFAULT now()
      );

      -- Sums over the rows above that have bytes, so that a limit is checked and taken in one step.
      CREATE TABLE files.usage (
        user_id bigint PRIMARY KEY,
        bytes   bigint NOT NULL,
        files   int NOT NULL
      ) WITH (fillfactor = 70);
    `);
  },
};
