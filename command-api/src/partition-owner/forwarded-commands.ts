import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { readBytes } from "@chat/shared/http/body";
import { problemHeaders, problemOf } from "@chat/shared/http/problem";
import { kindOfRejection, Rejection } from "@chat/shared/rejection";
import type { Logger } from "@chat/shared/telemetry/logger";
import { traceIdOf } from "@chat/shared/telemetry/trace-context";
import type { CommandOutcome, CommandRequest } from "./command-request.ts";
import { createInternalKey, internalCommandsPath } from "./internal-key.ts";
import { encodeOutcome } from "./outcome-text.ts";

/** A client's largest body, with the most that its envelope can add to it. */
const maxBytes = 128 * 1024;

interface Dependencies {
  readonly secret: string;
  /** Decides here or throws 421: what was forwarded once is not forwarded again. */
  readonly submit: (request: CommandRequest) => Promise<CommandOutcome>;
  readonly log: Logger;
}

/**
 * Takes the commands that other instances forward, and leaves all other requests to `next`. It stands before the API's
 * application and not in it: it has no caller, no CORS, no document, and is nowhere under `/api`.
 */
export function takeForwarded({ secret, submit, log }: Dependencies, next: RequestListener): RequestListener {
  const key = createInternalKey(secret);

  async function decide(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let command: CommandRequest | null = null;
    try {
      if (!key.fits(request.headers.authorization)) throw stranger();
      // It comes from ourselves: what it says was checked by the instance that was asked first.
      command = JSON.parse((await readBytes(request, maxBytes)).toString("utf8")) as CommandRequest;
      const text = encodeOutcome(command, await submit(command));
      response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) });
      response.end(text);
    } catch (error) {
      const rejection = error instanceof Rejection ? error : bug(error, command);
      response.writeHead(kindOfRejection(rejection.code).status, problemHeaders(rejection));
      response.end(JSON.stringify(problemOf(rejection)));
    }
  }

  function bug(error: unknown, command: CommandRequest | null): Rejection {
    log.error({ err: error, trace_id: traceIdOf(command?.traceParent) }, "a forwarded command failed");
    return new Rejection("internal", "Something went wrong on our side.");
  }

  return (request, response) => {
    if (request.url === internalCommandsPath) void decide(request, response);
    else next(request, response);
  };
}

const stranger = (): Rejection => new Rejection("unauthenticated", "This is for other instances, which know the key.");
