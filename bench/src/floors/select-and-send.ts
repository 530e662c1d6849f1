/**
 * The floor of catching up: one SELECT of a chat's messages and a loop of `ws` sends, nobody checked, in frames as long
 * as ours. A program of its own: `node select-and-send.ts <database url>`.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";
import { WebSocketServer } from "ws";

interface Row {
  readonly seq: number;
  readonly text: string;
  readonly sender_id: string;
  readonly sent_at: Date;
}

/** What else stands in a frame of ours. */
const FILLING = "x".repeat(420);

const pool = new pg.Pool({ connectionString: process.argv[2], max: 2 });
const { rows: live } = await pool.query<{ schema_name: string }>("SELECT schema_name FROM read.live");
const select = {
  name: "missed",
  text: `SELECT e."offset", e.version, e.type, e.actor_id, e.at, m.seq, m.text, m.sender_id, m.sent_at
    FROM ${live[0]?.schema_name}.chat_events AS e
    JOIN ${live[0]?.schema_name}.messages AS m ON m.chat_id = e.chat_id AND m.seq = e.seq
    WHERE e.chat_id = $1 AND e.type = 'MessageSent' ORDER BY e."offset"`,
};

const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false });
sockets.on("connection", (socket, request) => {
  socket.send(`{"type":"ready"}`);
  socket.on("error", () => undefined);
  void pool.query<Row>({ ...select, values: [request.url?.slice(1)] }).then(({ rows }) => {
    for (const { seq, text, sender_id: senderId, sent_at: sentAt } of rows) {
      const payload = { text, sender_id: senderId, sent_at: sentAt, filling: FILLING };
      socket.send(JSON.stringify({ type: "new_message", version: seq, seq, payload }));
    }
  });
});

server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
