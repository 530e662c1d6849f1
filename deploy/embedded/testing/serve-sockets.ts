import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Realtime } from "@chat/realtime/service";

/** Listens for sockets alone, on a port of its own: realtime with nothing beside it. */
export async function serveSockets(
  handleUpgrade: Realtime["handleUpgrade"],
): Promise<{ readonly port: number; close(): void }> {
  const server = createServer();
  server.on("upgrade", handleUpgrade);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}
