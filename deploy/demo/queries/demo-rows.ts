import type { Pool } from "pg";
import { createLiveReader } from "@chat/shared/read-model/read-live";

/**
 * Of `password123`: one hash for all, since each of their own would take argon2 minutes. The salt and the password are
 * public, as everything in a demo is.
 */
const hashOfDemoPassword =
  "$argon2id$v=19$m=19456,p=1,t=2$pXRWrpz3Wr5tkhyKUAl1hg$TQFN0e6Ysu3FC7ZsikB5t8MEghXxk0HUfEAFljSbv/k";

/** Makes who is not there yet, all with the password of the demo, and gives back the ids in the order of the e-mails. */
export async function insertPeople(
  pool: Pool,
  people: readonly { readonly email: string; readonly name: string }[],
): Promise<readonly string[]> {
  const emails = people.map(({ email }) => email);
  await pool.query(
    `INSERT INTO identity.users (email, name, password_hash, created_at)
      SELECT email, name, $3, now() FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS new (email, name, place)
      ORDER BY place ON CONFLICT (email) DO NOTHING`,
    [emails, people.map(({ name }) => name), hashOfDemoPassword],
  );
  const { rows } = await pool.query<{ id: string }>(
    `SELECT id::text FROM identity.users JOIN unnest($1::text[]) WITH ORDINALITY AS wanted (email, place) USING (email)
      ORDER BY place`,
    [emails],
  );
  return rows.map(({ id }) => id);
}

/** How many events of each chat the read models hold, and up to where in the log: one snapshot. */
export async function readVersions(pool: Pool, chatIds: readonly string[]) {
  const { rows, positions } = await createLiveReader(pool).read<{ chat_id: string; version: number }>(
    {
      name: "demo-versions",
      text: (schema) => `SELECT chat_id::text, version FROM ${schema}.chats WHERE chat_id = ANY ($2::uuid[])`,
      values: [chatIds],
    },
    "all",
  );
  return { versions: new Map(rows.map(({ chat_id: id, version }) => [id, version])), positions };
}

/** Command-apis that would take offence at another writer. */
export async function countRunning(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ running: number }>(
    "SELECT count(*)::int AS running FROM directory.instances WHERE role = 'command-api' AND expires_at > clock_timestamp()",
  );
  return rows[0]?.running ?? 0;
}

/** So that the plans of the first minute are those of later; the server would come to it by itself, some time. */
export async function analyzeAll(pool: Pool): Promise<void> {
  await pool.query("ANALYZE");
}
