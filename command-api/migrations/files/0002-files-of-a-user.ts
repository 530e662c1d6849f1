import type { Migration } from "@chat/shared/postgres/migrate";

/** Whose room is used up has the files looked at that are his. */
export const filesOfAUser: Migration = {
  name: "0002-files-of-a-user",
  async up(db) {
    await db.raw("CREATE INDEX stored_of_user ON files.stored (user_id, key)");
  },
};
