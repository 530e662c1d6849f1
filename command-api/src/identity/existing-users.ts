import type { UserId } from "@chat/shared/ids";
import { int8Array } from "@chat/shared/postgres/binary-array";
import type { Pool } from "pg";

/** Which of these users exist. A chat's rules know no accounts, so whoever is named in a command is looked up here. */
export function createExistingUsers(pool: Pool): (ids: readonly UserId[]) => Promise<ReadonlySet<string>> {
  return async (ids) => {
    const { rows } = await pool.query<{ id: string }>({
      name: "existing-users",
      text: "SELECT id::text AS id FROM identity.users WHERE id = ANY ($1::int8[])",
      values: [int8Array(ids.map((id) => BigInt(id)))],
    });
    return new Set(rows.map(({ id }) => id));
  };
}
