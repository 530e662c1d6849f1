import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createTiedSockets } from "@chat/shared/testing/tied-sockets";
import type { Chance } from "./chance.ts";

/** A network between a client and the chat: it is there or it is not, and it cuts connections where it likes. */
export interface CuttingProxy extends AsyncDisposable {
  readonly url: string;
  /** From now on each connection is cut after so many bytes, at random up to this; never, when undefined. */
  cutWithin(bytes: number | undefined): void;
  /** Cuts all connections now. */
  cutAll(): void;
  cuts(): number;
}

/** @param target where the chat listens; asked for at every connection, for after a restart it is somewhere else. */
export async function startCuttingProxy(target: () => Promise<string>, chance: Chance): Promise<CuttingProxy> {
  const sockets = createTiedSockets();
  let limit: number | undefined;
  let cuts = 0;
  const cut = (...ends: readonly Socket[]): void => ends.forEach((socket) => socket.resetAndDestroy());

  const server = createServer((client) => void join(client).catch(() => cut(client)));
  async function join(client: Socket): Promise<void> {
    sockets.take(client);
    const { port } = new URL(await target());
    const upstream = connect(Number(port), "localhost");
    sockets.tie(client, upstream);
    let left = limit === undefined ? Infinity : chance.below(limit);
    const pass = (from: Socket, to: Socket): void => {
      from.on("data", (bytes: Buffer) => {
        to.write(bytes.subarray(0, left));
        left -= bytes.length;
        if (left >= 0) return;
        cuts += 1;
        // What was written on before the cut still arrives: half of a frame, or of an answer.
        to.end(() => cut(from, to));
        from.pause();
      });
      from.on("end", () => to.end());
    };
    pass(client, upstream);
    pass(upstream, client);
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cutWithin: (bytes) => (limit = bytes),
    cutAll: () => cut(...sockets.open),
    cuts: () => cuts,
    async [Symbol.asyncDispose]() {
      server.close();
      cut(...sockets.open);
      await once(server, "close");
    },
  };
}
