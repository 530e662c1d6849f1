import type { MigrationSet } from "../../postgres/migrate.ts";

/** The log's own schema. One log a database: `log.identity` has one row, written by `createPostgresLog`. */
export const logMigrations: MigrationSet = {
  schema: "log",
  migrations: [
    {
      name: "0001-log",
      async up(db) {
        await db.raw(`
          CREATE TABLE log.identity (
            only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
            log_id text NOT NULL,
            partitions int NOT NULL
          );
          CREATE TABLE log.partitions (
            partition int PRIMARY KEY,
            next_offset bigint NOT NULL,
            epoch text NOT NULL
          ) WITH (fillfactor = 20);
          CREATE TABLE log.records (
            partition int NOT NULL,
            "offset" bigint NOT NULL,
            kind smallint NOT NULL,
            epoch text NOT NULL,
            key text NOT NULL,
            value text NOT NULL,
            PRIMARY KEY (partition, "offset")
          );
        `);
      },
    },
  ],
};
