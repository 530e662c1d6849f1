/**
 * The floor of sending over HTTP: koa, koa-body and SQL for each request, no checks, no log, no read models.
 * `POST /apart` is one INSERT, `POST /hot` counts the chat's seq up and inserts, in a transaction.
 * A program of its own: `node insert-per-request.ts <database url>`.
 */
import type { AddressInfo } from "node:net";
import Router from "@koa/router";
import Koa from "koa";
import { koaBody } from "koa-body";
import pg from "pg";

interface Sent {
  readonly text: string;
}

const pool = new pg.Pool({ connectionString: process.argv[2], max: 32 });
await pool.query(`
  DROP TABLE IF EXISTS message, chat;
  CREATE TABLE chat (id int PRIMARY KEY, seq int NOT NULL);
  CREATE TABLE message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, chat_id int NOT NULL, seq int, sender_id int NOT NULL,
    text text NOT NULL, created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX ON message (chat_id, id);
  INSERT INTO chat VALUES (1, 0);
`);

const insert = {
  name: "insert",
  text: "INSERT INTO message (chat_id, seq, sender_id, text) VALUES ($1, $2, $3, $4) RETURNING id, seq, text, created_at",
};

const router = new Router();
router.post("/apart/:chat", async (context) => {
  const { text } = context.request.body as unknown as Sent;
  const { rows } = await pool.query({ ...insert, values: [context.params["chat"], null, 1, text] });
  context.status = 201;
  context.body = rows[0] as unknown;
});
router.post("/hot/1", async (context) => {
  const { text } = context.request.body as unknown as Sent;
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const counted = await client.query<{ seq: number }>({
      name: "count",
      text: "UPDATE chat SET seq = seq + 1 WHERE id = $1 RETURNING seq",
      values: [1],
    });
    const { rows } = await client.query({ ...insert, values: [1, counted.rows[0]?.seq, 1, text] });
    await client.query("COMMIT");
    context.status = 201;
    context.body = rows[0] as unknown;
  } finally {
    client.release();
  }
});

const app = new Koa();
app.use(koaBody());
app.use(router.routes());
const server = app.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
