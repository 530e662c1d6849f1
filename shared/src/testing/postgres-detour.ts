import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import pg from "pg";
import { createTiedSockets } from "./tied-sockets.ts";

/** Between clients and a PostgreSQL: a wire that breaks, or that loses what the server says unasked. */
export interface PostgresDetour extends AsyncDisposable {
  /** The same database, by way of here. */
  readonly url: string;
  /** From now on no `NOTIFY` of anybody arrives; everything else does. */
  loseNotifications(): void;
  /** How many were lost. */
  lost(): number;
  /** When so many bytes of answers have come through from now on all connections are cut, and no new one is taken. */
  cutAfter(bytes: number): void;
  /** Connections that were not taken since then: zero before. */
  refused(): number;
  /** From now on nothing goes through the connections that there are; they stay open, and new ones work. */
  swallow(): void;
  /** From now on connections are taken again. */
  mend(): void;
}

/** A message of the server: a letter, then its length in four bytes, which count themselves. */
const HEAD_BYTES = 5;
const NOTIFICATION = "A".charCodeAt(0);

/** `url`: without TLS, as for the PostgreSQL of specs. */
export async function openPostgresDetour(url: string): Promise<PostgresDetour> {
  const { host, port } = new pg.Client({ connectionString: url });
  const target = host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  const sockets = createTiedSockets();
  let losing = false;
  let lost = 0;
  let bytesUntilCut = Number.POSITIVE_INFINITY;
  let isCut = false;
  let refused = 0;
  let swallowed = 0;
  let taken = 0;

  function cut(): void {
    isCut = true;
    sockets.destroyAll();
  }

  const server = createServer((client) => {
    if (isCut) {
      refused += 1;
      client.destroy();
      return;
    }
    const upstream = connect(target);
    const number = (taken += 1);
    const isSwallowed = (): boolean => number <= swallowed;
    sockets.tie(client, upstream);
    client.on("data", (bytes) => {
      if (!isSwallowed()) upstream.write(bytes);
    });
    eachMessage(upstream, (message) => {
      if (isSwallowed()) return;
      if (losing && message[0] === NOTIFICATION) {
        lost += 1;
        return;
      }
      bytesUntilCut -= message.length;
      if (bytesUntilCut > 0) client.write(message);
      else cut();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const here = new URL(url);
  here.searchParams.delete("host");
  here.hostname = "127.0.0.1";
  here.port = String((server.address() as AddressInfo).port);

  return {
    url: here.href,
    loseNotifications: () => (losing = true),
    lost: () => lost,
    cutAfter: (bytes) => (bytesUntilCut = bytes),
    refused: () => refused,
    swallow: () => void (swallowed = taken),
    mend() {
      bytesUntilCut = Number.POSITIVE_INFINITY;
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}

function eachMessage(socket: Socket, take: (message: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEAD_BYTES && rest.length > rest.readInt32BE(1)) {
      const end = 1 + rest.readInt32BE(1);
      take(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  });
}
