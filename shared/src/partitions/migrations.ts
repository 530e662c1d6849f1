import type { MigrationSet } from "../postgres/migrate.ts";

/** Who works where. `directory` is what all services may know of one another; these are its only tables. */
export const directoryMigrations: MigrationSet = {
  schema: "directory",
  migrations: [
    {
      name: "0001-leases",
      async up(db) {
        // Unlogged: a renewal waits for no disk. After a crash of the server they are empty and are filled within a beat;
        // nothing but the spreading of work depends on them.
        await db.raw(`
          CREATE UNLOGGED TABLE directory.instances (
            role       text NOT NULL,
            id         text NOT NULL,
            url        text NOT NULL,
            able       boolean NOT NULL,
            expires_at timestamptz NOT NULL,
            PRIMARY KEY (role, id)
          ) WITH (fillfactor = 50);
          CREATE UNLOGGED TABLE directory.leases (
            role       text NOT NULL,
            partition  int NOT NULL,
            owner      text NOT NULL,
            url        text NOT NULL,
            expires_at timestamptz NOT NULL,
            PRIMARY KEY (role, partition)
          ) WITH (fillfactor = 50);
        `);
      },
    },
    {
      name: "0002-keys-of-instances",
      async up(db) {
        // Null in the rows of instances of the version before, which run on while this one is rolled out.
        await db.raw("ALTER TABLE directory.instances ADD COLUMN key_fingerprint text");
      },
    },
  ],
};
