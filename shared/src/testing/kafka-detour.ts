import { createServer, connect, type Socket } from "node:net";
import { once } from "node:events";
import { createTiedSockets } from "./tied-sockets.ts";

/** What happens to a request to append: `pass` it on, `lose` the broker's answer, or `hold` it back until `release`. */
export type Treatment = "pass" | "lose" | "hold";

/** Between a client and the broker: a wire that loses answers and delivers late, one append at a time. */
export interface KafkaDetour {
  /** For the appends that come from now on. */
  treatAppends(treatment: Treatment): void;
  /** Appends that were held back so far and not delivered yet. */
  held(): number;
  /** Delivers them, though whoever sent them has given up long ago; resolves when the broker has answered. */
  release(): Promise<void>;
  /** Appends whose answer the broker gave and nobody got. */
  lost(): number;
  /** From now on connections stay open, new ones are taken, and nothing comes through: a network that swallows everything. */
  swallow(): void;
  /** Ends that: what was connected meanwhile is cut off, as by a router that has lost its tables. */
  recover(): void;
  close(): Promise<void>;
}

const PRODUCE = 0;

/** Listens on `port` and passes on to `target`. Cutting a client off leaves the way to the broker open. */
export async function startKafkaDetour(
  port: number,
  target: { readonly host: string; readonly port: number },
): Promise<KafkaDetour> {
  let treatment: Treatment = "pass";
  let lost = 0;
  let swallowing = false;
  const held: (() => Promise<void>)[] = [];
  const sockets = createTiedSockets();

  const server = createServer((client) => {
    const broker = connect(target);
    const losing = new Set<number>();
    for (const socket of [client, broker]) {
      sockets.take(socket);
      socket.setNoDelay(true);
    }

    eachFrame(client, (frame) => {
      if (swallowing) return;
      const apiKey = frame.readInt16BE(4);
      const correlation = frame.readInt32BE(8);
      if (apiKey !== PRODUCE || treatment === "pass") {
        broker.write(frame);
      } else if (treatment === "lose") {
        losing.add(correlation);
        broker.write(frame);
      } else {
        held.push(async () => {
          const answered = once(broker, "data");
          broker.write(frame);
          await answered;
        });
        client.destroy();
      }
    });
    eachFrame(broker, (frame) => {
      if (swallowing) return;
      if (losing.delete(frame.readInt32BE(4))) {
        lost += 1;
        client.destroy();
      } else if (!client.destroyed) {
        client.write(frame);
      }
    });
    broker.on("close", () => client.destroy());
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");

  return {
    treatAppends: (next) => {
      treatment = next;
    },
    held: () => held.length,
    async release() {
      for (const deliver of held.splice(0)) await deliver();
    },
    lost: () => lost,
    swallow: () => {
      swallowing = true;
    },
    recover() {
      swallowing = false;
      sockets.destroyAll();
    },
    async close() {
      sockets.destroyAll();
      server.close();
      await once(server, "close");
    },
  };
}

/** Kafka's frames begin with their length in four bytes. */
function eachFrame(socket: Socket, take: (frame: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0);
      take(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  });
}
