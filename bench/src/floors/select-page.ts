import pg from "pg";

/** A page of a chat's messages by bare SQL, over one connection. */
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
 * It is asked from where the page is asked: by the driver, on its core, of a database on the servers' core. Who waits is
 * the same in both cases, and so is the way there.
 */
export async function openSelectPage(databaseUrl: string): Promise<SelectPage> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows: live } = await client.query<{ schema_name: string }>("SELECT schema_name FROM read.live");
  const select = {
    name: "page",
    text: `SELECT seq, sender_id, text, client_message_id, reply_to, sent_at, edited_at, deleted, files
      FROM ${live[0]?.schema_name}.messages
      WHERE chat_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3`,
  };
  return {
    page: async (chatId, before, limit) =>
      (await client.query<{ seq: number }>({ ...select, values: [chatId, before, limit] })).rows,
    close: () => client.end(),
  };
}
