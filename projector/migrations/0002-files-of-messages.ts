import type { Migration } from "@chat/shared/postgres/migrate";

/** Read models of before have no files, and before there were none: the default is right for every row. */
export const filesOfMessages: Migration = {
  name: "0002-files-of-messages",
  async up(db) {
    await db.raw(`
      DO $$
        DECLARE generation text;
        BEGIN
          FOR generation IN
            SELECT table_schema FROM information_schema.tables
            WHERE table_name = 'messages' AND table_schema ~ '^read_[0-9]+$'
          LOOP
            EXECUTE format($f$ALTER TABLE %I.messages ADD COLUMN IF NOT EXISTS files jsonb NOT NULL DEFAULT '[]'$f$, generation);
          END LOOP;
        END
      $$;
    `);
  },
};
