import type { Duplex } from "node:stream";
import { kindOfRejection, type Rejection } from "../rejection.ts";
import { problemHeaders, problemOf } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";

/**
 * Answers on the bare connection with the problem that a route would have answered with, and ends it: for what never becomes a
 * request, or asked for another protocol. Only our side: who still sends is to read the answer, not a reset.
 */
export function refuseConnection(socket: Duplex, rejection: Rejection, requestId = requestIdOf(undefined)): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, title } = kindOfRejection(rejection.code);
  const body = JSON.stringify(problemOf(rejection, requestId));
  const headers = {
    ...problemHeaders(rejection),
    "X-Request-Id": requestId,
    "Content-Length": Buffer.byteLength(body),
    Connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${lines.join("")}\r\n${body}`);
}
