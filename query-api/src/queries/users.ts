import type { Pool } from "pg";
import { columnTypes } from "./column-types.ts";

export interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly city: string | null;
  readonly avatar: string | null;
}

export interface OwnProfileRow extends UserRow {
  readonly email: string;
}

/** Accounts are not events: these are ordinary rows of the command-api, seen through the views that it shows. */
export interface Users {
  /** Others by name or id, in the order of their names; without the caller. */
  find(search: UserSearch): Promise<readonly UserRow[]>;
  one(userId: string): Promise<UserRow | undefined>;
  own(userId: string): Promise<OwnProfileRow | undefined>;
}

export interface UserSearch {
  readonly callerId: string;
  /** A part of the name, in any case. */
  readonly name: string | null;
  readonly ids: readonly string[] | null;
  readonly limit: number;
}

export function createUsers(pool: Pool): Users {
  async function select<Row extends UserRow>(name: string, text: string, values: unknown[]): Promise<readonly Row[]> {
    const asked = { name, text, values, types: columnTypes };
    return (await pool.query<Row>(asked)).rows;
  }

  return {
    find: ({ callerId, name, ids, limit }) =>
      select(
        "find-users",
        `SELECT id, name, city, avatar FROM directory.users
         WHERE id <> $1::bigint AND ($2::bigint[] IS NULL OR id = ANY ($2::bigint[]))
           AND ($3::text IS NULL OR name ILIKE $3::text)
         ORDER BY name, id LIMIT $4::int`,
        [callerId, ids, name === null ? null : `%${name.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`, limit],
      ),
    one: async (userId) =>
      (
        await select("one-user", "SELECT id, name, city, avatar FROM directory.users WHERE id = $1::bigint", [userId])
      )[0],
    own: async (userId) =>
      (
        await select<OwnProfileRow>(
          "own-profile",
          "SELECT id, name, city, avatar, email FROM directory.own_profiles WHERE id = $1::bigint",
          [userId],
        )
      )[0],
  };
}
