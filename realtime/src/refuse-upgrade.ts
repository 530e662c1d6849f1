import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { refuseConnection } from "@chat/shared/http/refuse-connection";
import { requestIdOf } from "@chat/shared/http/request-id";
import { Rejection } from "@chat/shared/rejection";
import type { Logger } from "@chat/shared/telemetry/logger";
import { traceIdOf } from "@chat/shared/telemetry/trace-context";

/** Answers a handshake with an HTTP problem: a socket that is refused never opens. The server has handed it over and closes it no more. */
export type RefuseUpgrade = (request: IncomingMessage, socket: Duplex, error: unknown) => void;

/** What is no Rejection is a bug: it is logged under the id that its answer has, so that who shows the one finds the other. */
export function createRefuseUpgrade(logger: Logger): RefuseUpgrade {
  return ({ headers }, socket, error) => {
    const requestId = requestIdOf(headers["x-request-id"]);
    if (!(error instanceof Rejection)) {
      const { traceparent } = headers;
      const named = {
        request_id: requestId,
        trace_id: traceIdOf(typeof traceparent === "string" ? traceparent : null),
      };
      logger.error({ err: error, ...named }, "a handshake failed");
    }
    socket.once("finish", () => socket.destroy());
    const rejection = error instanceof Rejection ? error : new Rejection("internal", "Something went wrong.");
    refuseConnection(socket, rejection, requestId);
  };
}
