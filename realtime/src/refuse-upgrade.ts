import type { Duplex } from "node:stream";
import { problemHeaders, problemOf } from "@chat/shared/http/problem";
import { kindOfRejection, type Rejection } from "@chat/shared/rejection";

/** Answers a handshake with an HTTP problem: a socket that is refused never opens. */
export function refuseUpgrade(socket: Duplex, rejection: Rejection): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, title } = kindOfRejection(rejection.code);
  const body = JSON.stringify(problemOf(rejection));
  const headers = { ...problemHeaders(rejection), "Content-Length": Buffer.byteLength(body), Connection: "close" };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${lines.join("")}\r\n${body}`);
}
