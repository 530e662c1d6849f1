import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { text as textOf } from "node:stream/consumers";
import { Rejection, rejectionKinds, type RejectionCode } from "@chat/shared/rejection";
import type { Logger } from "@chat/shared/telemetry/logger";
import { traceIdOf } from "@chat/shared/telemetry/trace-context";
import type { CommandOutcome, CommandRequest } from "./command-request.ts";
import { createInternalKey, internalCommandsPath } from "./internal-key.ts";
import { decodeOutcome } from "./outcome-text.ts";
import { outcomeUnknown } from "./waiting-commands.ts";

/** Connections to one other instance: as many commands as can be under way there. More wait, and count as not sent. */
const maxConnections = 256;
/** Closed by us well before the other side does it under a command of ours (its keep-alive is 65 s). */
const idleConnectionMs = 30_000;

/** It surely did not happen there, and never will: whoever owns the partition now may be asked. */
export class NotTaken extends Error {
  override readonly name = "NotTaken";
}

export interface Forwarder {
  /**
   * Has a command decided by another instance. Throws `NotTaken` after 421, 401 (another `SECRET_KEY`), or when no connection
   * was made; else the `Rejection` that was answered, which is `outcome_unknown` for everything that is not clear.
   */
  forward(url: string, request: CommandRequest, withinMs: number): Promise<CommandOutcome>;
  close(): void;
}

/** Sends commands to the instances that own their chats' partitions. One hop: who is sent a command sends it on to nobody. */
export function createForwarder({ secret, log }: { readonly secret: string; readonly log: Logger }): Forwarder {
  const key = createInternalKey(secret);
  const agent = new Agent({ keepAlive: true, maxSockets: maxConnections, timeout: idleConnectionMs });

  return {
    async forward(url, request, withinMs) {
      const { status, text } = await post(new URL(internalCommandsPath, url), JSON.stringify(request), withinMs);
      if (status === 200) return understood(() => decodeOutcome(text));
      if (status === rejectionKinds.not_owner.status) throw new NotTaken("the other instance does not own it");
      if (status === rejectionKinds.unauthenticated.status) {
        log.error(
          { url, trace_id: traceIdOf(request.traceParent) },
          "another instance refuses our key: SECRET_KEY must be the same for all",
        );
        throw new NotTaken("the other instance refuses our key");
      }
      throw understood(() => rejectionFrom(text));
    },
    close: () => agent.destroy(),
  };

  function post(url: URL, body: string, withinMs: number): Promise<{ readonly status: number; readonly text: string }> {
    return new Promise((resolve, reject) => {
      let connected = false;
      const sending = httpRequest(url, {
        method: "POST",
        agent,
        headers: {
          Authorization: key.header,
          "Content-Type": "application/json",
          "Content-Length": Buffer.byteLength(body),
        },
        signal: AbortSignal.timeout(Math.ceil(withinMs)),
      });
      sending.once("socket", (socket) => {
        if (socket.connecting) socket.once("connect", () => (connected = true));
        else connected = true;
      });
      // Before there was a connection nothing can have been sent; after that, anything can have happened.
      const fail = (error: unknown): void =>
        reject(connected ? outcomeUnknown() : new NotTaken("no connection", { cause: error }));
      sending.once("response", (response: IncomingMessage) => {
        textOf(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), fail);
      });
      sending.on("error", fail);
      sending.end(body);
    });
  }
}

function understood<T>(parse: () => T): T {
  try {
    return parse();
  } catch {
    throw outcomeUnknown();
  }
}

/** A bug over there may have come after the deed. */
function rejectionFrom(text: string): Rejection {
  const problem = JSON.parse(text) as { code: string; detail: string; errors?: Rejection["errors"] };
  const { code, detail, errors = [] } = problem;
  if (!isCode(code) || code === "internal") return outcomeUnknown();
  return new Rejection(code, detail, { errors });
}

const isCode = (code: string): code is RejectionCode => Object.hasOwn(rejectionKinds, code);
