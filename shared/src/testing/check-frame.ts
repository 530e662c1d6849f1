import { framesToClients } from "../api/frames-to-clients.ts";
import { compileBody, type Validate } from "../http/validate.ts";
import { Rejection } from "../rejection.ts";

/** By type; compiled once for all sockets of a spec. */
const checks = new Map<unknown, Validate>(
  Object.entries(framesToClients).map(([type, { schema }]) => [type, compileBody(schema, "refuse")]),
);

/** A function that throws as soon as a version of a chat is left out or comes late, whatever the story. */
export function createVersionCheck(): (frame: {
  readonly type: string;
  readonly chat_id?: string;
  readonly version?: number;
}) => void {
  const versions = new Map<string, number>();
  return ({ type, chat_id: chatId, version }) => {
    if (chatId === undefined || version === undefined) return;
    const last = versions.get(chatId);
    versions.set(chatId, version);
    // Who was let in again has not heard what was before. One event may make several frames of its version.
    const fits = last === undefined || version === last || version === last + 1;
    if (!fits && (type !== "create_chat" || version < last)) {
      throw new Error(`after version ${last} of ${chatId} came ${version}, which is ${type}`);
    }
  };
}

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
