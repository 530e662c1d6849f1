import { framesToClients } from "../api/frames-to-clients.ts";
import { compileBody, type Validate } from "../http/validate.ts";
import { Rejection } from "../rejection.ts";

/** By type; compiled once for all sockets of a spec. */
const checks = new Map<unknown, Validate>(
  Object.entries(framesToClients).map(([type, { schema }]) => [type, compileBody(schema, "refuse")]),
);

/** Throws when a frame is not as `docs/asyncapi.yaml` says. For every socket that a spec opens. */
export function checkFrameToClient(frame: unknown): void {
  const type = typeof frame === "object" && frame !== null && "type" in frame ? frame.type : undefined;
  const check = checks.get(type);
  if (check === undefined) throw new Error(`no such frame is described: ${JSON.stringify(frame)}`);
  try {
    check(frame);
  } catch (error) {
    const wrong = error instanceof Rejection ? error.errors : error;
    throw new Error(`a frame is not as described (${JSON.stringify(wrong)}): ${JSON.stringify(frame)}`, {
      cause: error,
    });
  }
}
