/**
 * The floor of reading a chat's history: a page of it by bare SQL, through `pg`, with a prepared statement, one answer
 * after the other on each connection. What anybody would write to read a page by keyset (who sent, text, times, reply,
 * attached files; newest first), and no more: nobody's membership is checked, who has read is not counted, nobody waits
 * for what was just written, and no HTTP and no JSON for a client is made. The time is that of `await query(…)`, rows
 * as `pg` makes them included.
 * A program of its own: `node select-page.ts <database url>`; then `GET /<chat id>?seconds=&connections=&last=&limit=`
 * measures and answers `{p50, p99, pages}`, in milliseconds.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";
import { percentile } from "../percentiles.ts";

const pool = new pg.Pool({ connectionString: process.argv[2], max: 16 });
const { rows: live } = await pool.query<{ schema_name: string }>("SELECT schema_name FROM read.live");
const select = {
  name: "page",
  text: `SELECT seq, sender_id, text, client_message_id, reply_to, sent_at, edited_at, deleted, files
    FROM ${live[0]?.schema_name}.messages
    WHERE chat_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3`,
};

interface Asked {
  readonly chatId: string;
  readonly seconds: number;
  readonly connections: number;
  readonly last: number;
  readonly limit: number;
}

async function measure({ chatId, seconds, connections, last, limit }: Asked) {
  const tookMs: number[] = [];
  const stopAt = performance.now() + seconds * 1_000;
  const clients = await Promise.all(Array.from({ length: connections }, () => pool.connect()));
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < stopAt) {
        const before = limit + 1 + Math.floor(Math.random() * (last - limit + 1));
        const startedAt = performance.now();
        const { rows } = await client.query({ ...select, values: [chatId, before, limit] });
        tookMs.push(performance.now() - startedAt);
        if (rows.length !== limit) throw new Error(`before ${before} there are ${rows.length} of ${limit} messages`);
      }
      client.release();
    }),
  );
  return { p50: percentile(tookMs, 0.5), p99: percentile(tookMs, 0.99), pages: tookMs.length };
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://floor");
  const number = (name: string): number => Number(searchParams.get(name));
  const [seconds, connections] = [number("seconds"), number("connections")];
  const asked = { chatId: pathname.slice(1), seconds, connections, last: number("last"), limit: number("limit") };
  void measure(asked).then((figures) => response.end(JSON.stringify(figures)));
});

server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
