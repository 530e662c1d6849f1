import type { Duplex } from "node:stream";
import { refuseConnection } from "@chat/shared/http/refuse-connection";
import type { Rejection } from "@chat/shared/rejection";

/** Answers a handshake with an HTTP problem: a socket that is refused never opens. The server has handed it over and closes it no more. */
export function refuseUpgrade(socket: Duplex, rejection: Rejection): void {
  socket.once("finish", () => socket.destroy());
  refuseConnection(socket, rejection);
}
