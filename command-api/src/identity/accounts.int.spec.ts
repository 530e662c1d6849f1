import { createLogger } from "@chat/shared/telemetry/logger";
import { createSpecDatabase } from "@chat/shared/testing/with-postgres";
import type { UserId } from "@chat/shared/ids";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Knex } from "knex";
import { hashOfOpaqueToken, newOpaqueToken } from "@chat/shared/identity/opaque-token";
import { v7 } from "uuid";
import { identityMigrations } from "../migrations.ts";
import { type Accounts, createAccounts } from "./accounts.ts";
import { connectAccounts } from "./connect-accounts.ts";
import type { NewSession } from "./session-rows.ts";

let database: Awaited<ReturnType<typeof createSpecDatabase>>;
let db: Knex;
let accounts: Accounts;

beforeAll(async () => {
  database = await createSpecDatabase({ migrations: [identityMigrations] });
  db = connectAccounts(database.url, createLogger({ service: "spec", level: "silent" }));
  accounts = createAccounts(db);
});

afterAll(async () => {
  await db.destroy();
  await database.drop();
});

const session = (): NewSession => ({
  id: v7(),
  device: "curl/8",
  createdAt: new Date("2026-01-01T00:00:00Z"),
  expiresAt: new Date("2126-01-31T00:00:00Z"),
  refreshTokenHash: hashOfOpaqueToken(newOpaqueToken()),
});

let numbers = 0;
const account = () => ({ email: `user${(numbers += 1)}@example.com`, name: "User", city: null, passwordHash: "hash" });

async function sessionsOf(userId: UserId): Promise<unknown[]> {
  const query = "SELECT device, revoked_at FROM identity.sessions WHERE user_id = $1";
  const { rows } = await database.pool.query<{ device: string; revoked_at: Date | null }>(query, [userId]);
  return rows;
}

describe("accounts", () => {
  it("are made with a number for an id and a first session", async () => {
    const made = await accounts.create(account(), session());

    expect(made?.userId).toMatch(/^[1-9]\d*$/);
    expect(made && (await sessionsOf(made.userId))).toEqual([{ device: "curl/8", revoked_at: null }]);
  });

  it("have an e-mail each: of ten who take one at the same time, one gets it", async () => {
    const wanted = account();
    const made = await Promise.all(Array.from({ length: 10 }, () => accounts.create(wanted, session())));

    expect(made.filter((profile) => profile !== null)).toHaveLength(1);
    expect((await accounts.findByEmail(wanted.email))?.passwordHash).toBe("hash");
  });

  it("are not found by an e-mail that nobody has, whatever stands in it", async () => {
    expect(await accounts.findByEmail("' OR 1=1 --")).toBeNull();
  });

  it("keep what a change does not name", async () => {
    const made = await accounts.create({ ...account(), city: "Kyiv" }, session());
    const userId = made?.userId ?? ("0" as UserId);

    expect(await accounts.changeProfile(userId, {})).toEqual(made);
    expect(await accounts.changeProfile(userId, { name: "Боб" })).toMatchObject({ name: "Боб", city: "Kyiv" });
    expect(await accounts.changeProfile(userId, { city: null })).toMatchObject({ name: "Боб", city: null });
  });

  it("lose their picture once, and say which it was", async () => {
    const made = await accounts.create(account(), session());
    const userId = made?.userId ?? ("0" as UserId);
    const shown = await accounts.changeProfile(userId, { avatar: "a key" });

    expect(shown).toMatchObject({ avatar: "a key" });
    expect(await accounts.removeAvatar(userId)).toEqual({ profile: made, removed: "a key" });
    expect(await accounts.removeAvatar(userId)).toEqual({ profile: made, removed: null });
    expect(await accounts.changeProfile(userId, {})).toEqual(made);
  });

  it("that are gone cannot be changed", async () => {
    expect(await accounts.changeProfile("999999999999999999" as UserId, { name: "x" })).toBeNull();
    expect(await accounts.changeProfile("999999999999999999" as UserId, {})).toBeNull();
    expect(await accounts.removeAvatar("999999999999999999" as UserId)).toBeNull();
  });

  it("open no session for whoever knows a password that is no longer right", async () => {
    const made = await accounts.create(account(), session());
    const userId = made?.userId ?? ("0" as UserId);

    expect(await accounts.openSession(userId, "an older hash", session())).toBe(false);
    expect(await sessionsOf(userId)).toHaveLength(1);
  });

  it("lose the sessions that ended long ago when a new one is opened", async () => {
    const longAgo = { createdAt: new Date("2020-01-01T00:00:00Z"), expiresAt: new Date("2020-01-31T00:00:00Z") };
    const made = await accounts.create(account(), { ...session(), ...longAgo });
    const userId = made?.userId ?? ("0" as UserId);
    await accounts.openSession(userId, "hash", { ...session(), device: "the new one" });

    expect(await sessionsOf(userId)).toEqual([{ device: "the new one", revoked_at: null }]);
  });

  it("can be deleted, and nothing of them is left", async () => {
    const made = await accounts.create(account(), session());
    const userId = made?.userId ?? ("0" as UserId);
    await accounts.openSession(userId, "hash", session());
    await database.pool.query("DELETE FROM identity.users WHERE id = $1", [userId]);

    expect(await sessionsOf(userId)).toEqual([]);
  });

  it("show others no e-mail and nobody a password hash", async () => {
    const columns = await database.pool.query<{ view: string; names: string[] }>(
      `SELECT table_name AS view, array_agg(column_name::text ORDER BY ordinal_position) AS names
       FROM information_schema.columns WHERE table_schema = 'directory' GROUP BY 1 ORDER BY 1`,
    );

    expect(columns.rows).toEqual([
      { view: "own_profiles", names: ["id", "email", "name", "city", "avatar", "created_at"] },
      { view: "own_sessions", names: ["id", "user_id", "device", "created_at", "expires_at"] },
      { view: "revoked_sessions", names: ["session_id", "revoked_at", "revoked_in", "expires_at"] },
      { view: "users", names: ["id", "name", "city", "avatar"] },
    ]);
  });
});
