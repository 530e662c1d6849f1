import type { Migration } from "@chat/shared/postgres/migrate";

/** A row is spoken for by who took the device up after it was left, not before. */
export const whenRowsWereLeft: Migration = {
  name: "0002-when-rows-were-left",
  async up(db) {
    await db.raw(`ALTER TABLE devices.cursors ADD COLUMN left_at timestamptz NOT NULL DEFAULT '-infinity'`);
  },
};
