/**
 * The floor of pushing: `ws` and a loop, nothing kept, nobody checked. What a member of a room sends is acknowledged and
 * pushed to all sockets of the room, in frames as long as ours. A program of its own: `node bare-sockets.ts`.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";

interface Room {
  seq: number;
  readonly sockets: Set<WebSocket>;
}

/** What stands around a text of 120 bytes in ours: sender, times, ids. */
const FILLING = "x".repeat(520);
/** What stands around the pointer of one who has read. */
const FILLING_OF_READ = "x".repeat(260);

const rooms = new Map<string, Room>();
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false });

sockets.on("connection", (socket, request) => {
  const name = request.url ?? "";
  const room = rooms.get(name) ?? { seq: 0, sockets: new Set() };
  rooms.set(name, room);
  room.sockets.add(socket);
  socket.on("close", () => room.sockets.delete(socket));
  socket.on("error", () => undefined);
  socket.on("message", (data: Buffer) => {
    const { id, text, up_to: upTo } = JSON.parse(data.toString()) as { id: string; text: string; up_to?: number };
    if (upTo !== undefined) {
      const read = Buffer.from(`{"type":"read","up_to":${upTo},"filling":"${FILLING_OF_READ}"}`);
      for (const member of room.sockets) member.send(read, { binary: false });
      socket.send(`{"type":"reply","id":"${id}","ok":true,"result":{"read_up_to":${upTo}}}`);
      return;
    }
    room.seq += 1;
    const { seq } = room;
    const frame = Buffer.from(
      `{"type":"new_message","version":${seq},"seq":${seq},"payload":{"text":"${text}","filling":"${FILLING}"}}`,
    );
    for (const member of room.sockets) member.send(frame, { binary: false });
    socket.send(
      `{"type":"reply","id":"${id}","ok":true,"result":{"seq":${seq},"text":"${text}","filling":"${FILLING}"}}`,
    );
  });
  socket.send(`{"type":"ready"}`);
});

server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
