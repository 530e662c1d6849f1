import pg from "pg";

/** A page of a chat's messages by bare SQL. */
export interface SelectPage {
  /** The messages before `before`, newest first. */
  page(chatId: string, before: number, limit: number): Promise<readonly { readonly seq: number }[]>;
  close(): Promise<void>;
}

/**
 * The floor of reading a chat's history: a page of it by bare SQL, through `pg`, with a prepared statement. What anybody
 * would write to read a page by keyset (who sent, text, times, reply, attached files; newest first), and no more:
 * nobody's membership is checked, who has read is not counted, nobody waits for what was just written, and no HTTP and
 * no JSON for a client is made.
 *
 * Over a pool, as a program would: what a `pg.Client` answers without one stays in memory until V8 looks through all of it,
 * and an asker of pages then pauses for tens of milliseconds (pg 8.23, Node 24).
 *
 * Asked by the driver, on its core, of a database on the servers' core: who waits is he who waits for a page of ours.
 */
export async function openSelectPage(databaseUrl: string, connections = 1): Promise<SelectPage> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
  const { rows: live } = await pool.query<{ schema_name: string }>("SELECT schema_name FROM read.live");
  const select = {
    name: "page",
    text: `SELECT seq, sender_id, text, client_message_id, reply_to, sent_at, edited_at, deleted, files
      FROM ${live[0]?.schema_name}.messages
      WHERE chat_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3`,
  };
  return {
    page: async (chatId, before, limit) =>
      (await pool.query<{ seq: number }>({ ...select, values: [chatId, before, limit] })).rows,
    close: () => pool.end(),
  };
}
