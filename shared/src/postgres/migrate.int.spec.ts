import { describe, expect, it } from "@jest/globals";
import { createLogger } from "../telemetry/logger.ts";
import { withPostgres } from "../testing/with-postgres.ts";
import { type Migration, migrateAll } from "./migrate.ts";

const log = createLogger({ service: "spec", level: "silent" });

const first: Migration = { name: "0001-notes", up: (db) => db.raw("CREATE TABLE notes.notes (id int PRIMARY KEY)") };
const second: Migration = { name: "0002-one-note", up: (db) => db.raw("INSERT INTO notes.notes VALUES (1)") };
const broken: Migration = {
  name: "0003-broken",
  async up(db) {
    await db.raw("INSERT INTO notes.notes VALUES (2)");
    await db.raw("SELECT 1 / 0");
  },
};

const notes = (...migrations: Migration[]) => [{ schema: "notes", migrations }];

describe("migrateAll", () => {
  it("runs what is new, in order, and nothing twice", async () => {
    await withPostgres(async ({ url, pool }) => {
      await migrateAll(url, notes(first), log);
      await migrateAll(url, notes(first, second), log);
      await migrateAll(url, notes(first, second), log);
      const { rows } = await pool.query("SELECT name FROM notes.migrations ORDER BY id");
      expect(rows).toEqual([{ name: "0001-notes" }, { name: "0002-one-note" }]);
      expect((await pool.query("SELECT * FROM notes.notes")).rows).toEqual([{ id: 1 }]);
    });
  });

  it("is done once when many instances start at once", async () => {
    await withPostgres(async ({ url, pool }) => {
      const sets = [...notes(first, second), { schema: "others", migrations: [] }];
      await Promise.all(Array.from({ length: 5 }, () => migrateAll(url, sets, log)));
      expect((await pool.query("SELECT * FROM notes.notes")).rows).toEqual([{ id: 1 }]);
    });
  });

  it("leaves everything as it was when a step fails, and goes on when that is mended", async () => {
    await withPostgres(async ({ url, pool }) => {
      await expect(migrateAll(url, notes(first, second, broken), log)).rejects.toThrow("division by zero");
      expect((await pool.query("SELECT to_regclass('notes.notes') AS seen")).rows).toEqual([{ seen: null }]);
      await migrateAll(url, notes(first, second), log);
      await expect(migrateAll(url, notes(first, second, broken), log)).rejects.toThrow("division by zero");
      expect((await pool.query("SELECT * FROM notes.notes")).rows).toEqual([{ id: 1 }]);
    });
  });

  it("refuses a database that is newer than the program", async () => {
    await withPostgres(async ({ url }) => {
      await migrateAll(url, notes(first, second), log);
      await expect(migrateAll(url, notes(first), log)).rejects.toThrow("0002-one-note");
    });
  });

  it("refuses numbers with a gap and names without one", async () => {
    const url = "postgresql://nobody@localhost:1/none";
    await expect(migrateAll(url, notes(second), log)).rejects.toThrow("0002-one-note stands at place 1");
    await expect(migrateAll(url, notes({ ...first, name: "notes" }), log)).rejects.toThrow("named like 0001");
  });
});
