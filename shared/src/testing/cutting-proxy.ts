import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { createTiedSockets } from "./tied-sockets.ts";

export interface CuttingProxy {
  readonly port: number;
  /** How many connections were cut. */
  cuts(): number;
  /** No connection is cut from now on. */
  spare(): void;
  close(): void;
}

export interface CuttingProxyOptions {
  /** Where the next connection goes. */
  readonly target: () => number;
  /** After so many bytes to the client the next connection is cut, in the middle of whatever it is. */
  readonly bytesUntilCut: () => number;
}

/** A way to a server that breaks: on both sides at once, without a word, at a chosen byte. */
export async function openCuttingProxy({ target, bytesUntilCut }: CuttingProxyOptions): Promise<CuttingProxy> {
  let cuts = 0;
  let sparing = false;
  const sockets = createTiedSockets();

  const server = createServer((client) => {
    const upstream = connect(target(), "127.0.0.1");
    let left = sparing ? Number.POSITIVE_INFINITY : bytesUntilCut();
    sockets.tie(client, upstream);
    client.on("data", (bytes) => upstream.write(bytes));
    upstream.on("data", (bytes) => {
      if (sparing) left = Number.POSITIVE_INFINITY;
      if (bytes.length < left) {
        left -= bytes.length;
        client.write(bytes);
        return;
      }
      cuts += 1;
      upstream.destroy();
      // What was let through arrives; the byte behind it never does.
      client.write(bytes.subarray(0, left), () => client.resetAndDestroy());
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    cuts: () => cuts,
    spare: () => (sparing = true),
    close() {
      server.close();
      sockets.destroyAll();
    },
  };
}
