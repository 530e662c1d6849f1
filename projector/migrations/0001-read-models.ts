import type { Migration } from "@chat/shared/postgres/migrate";
import { readTables } from "../src/read-tables.ts";

/**
 * The first generation of the read models, and what outlives generations: the name of the live one, what operators
 * have skipped, and the way in which a statement of a batch refuses the whole batch.
 */
export const readModels: Migration = {
  name: "0001-read-models",
  async up(db) {
    await db.raw(`
      CREATE TABLE read.live (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        schema_name text NOT NULL
      );

      CREATE TABLE read.skipped (
        partition int NOT NULL,
        "offset" bigint NOT NULL,
        reason text NOT NULL,
        operator text NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (partition, "offset")
      );

      CREATE FUNCTION read.refuse(code text, reason text) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION USING ERRCODE = code, MESSAGE = reason;
        END
      $$;

      CREATE SCHEMA read_1;
      ${readTables("read_1")}
      INSERT INTO read.live (schema_name) VALUES ('read_1');
    `);
  },
};
