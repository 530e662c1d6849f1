import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Duplex } from "node:stream";
import type { AddressInfo, Socket } from "node:net";
import { CannotStart } from "../cannot-start.ts";
import type { Service } from "../lifecycle.ts";
import { Rejection, type RejectionCode } from "../rejection.ts";
import { refuseConnection } from "./refuse-connection.ts";

/** Headers that trickle in hold a socket; ten seconds are plenty on any line. */
const HEADERS_TIMEOUT_MS = 10_000;
/** The whole request, of which 64 KiB may come over a poor mobile line; uploads aside. */
const REQUEST_TIMEOUT_MS = 60_000;
/** An upload: a hundred megabytes at half a megabit a second. Who reads it ends it as soon as nothing comes. */
const UPLOAD_TIMEOUT_MS = 30 * 60_000;
/** Emitted on a request by who reads a long body and sees to it that it keeps coming: from then on it may take longer. */
export const LONG_BODY = "long body";
/**
 * Emitted on a request by who is about to read its body, and has nothing against it so far: a client that waits to be asked for it
 * (`Expect: 100-continue`) is asked then. One that is refused before is spared the sending, and Node closes its connection: nobody could
 * tell whether a body still comes on it.
 */
export const BODY_WANTED = "body wanted";
/** Longer than a gateway keeps its idle connections (nginx: 60 s), so that it is never we who close under a request. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** A token and a cursor fit in many times over. */
const MAX_HEADER_BYTES = 16 * 1024;
/** What another instance, or a gateway, keeps busy has had its next request by then. To be given as `farewellMs` where they are. */
export const FAREWELL_MS = 500;
/** How long requests that were accepted may take to end once we stop. */
const DRAIN_MS = 10_000;
/** A connection that has not sent a byte by then is a browser's spare one; a request that was on its way has arrived. */
const SILENT_MS = 200;
/**
 * Connections that wait to be taken. When all devices of an instance come back at once, Node's 511 are too few: the
 * kernel drops the others, who knock again after a second and more or are reset. The kernel's own cap (`somaxconn`) is as high.
 */
const BACKLOG = 4_096;
/** In so many turns of the loop nobody was waiting: all are in. */
const QUIET_TURNS = 2;
/** Who knocks without end does not keep us from stopping. */
const MAX_ACCEPT_TURNS = 2 * BACKLOG;
/** How often connections that fell idle are closed meanwhile. */
const DRAIN_STEP_MS = 20;

export interface HttpServerOptions {
  readonly name: string;
  readonly listener: RequestListener;
  /** 0 takes any free port; `address()` says which. */
  readonly port: number;
  /** All interfaces when absent. */
  readonly host?: string;
  /** Takes over sockets that ask for another protocol, and closes them before this server is stopped. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly drainMs?: number;
  /**
   * How long a server that stops still answers on connections that are kept, each with its last answer: one that is closed just when
   * its client writes the next request leaves it in doubt. 0 when absent; it ends when no connection is left.
   */
  readonly farewellMs?: number;
  /** For specs; else a minute. */
  readonly requestTimeoutMs?: number;
}

export interface HttpServer extends Service {
  /** Where it listens; throws before `start`. */
  address(): AddressInfo;
}

/** Listens, and stops without dropping a request that was accepted: no new ones, idle connections closed, the rest ended within `drainMs`. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { name, port, host, drainMs = DRAIN_MS, farewellMs = 0 } = options;
  const sockets = new Set<Socket>();
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: UPLOAD_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      connectionsCheckingInterval: HEADERS_TIMEOUT_MS / 2,
      noDelay: true,
      // Node's own refusal says nothing: the application says what is missing.
      requireHostHeader: false,
      // Of upgrades there is one. Any other that is offered is passed over, and the request answered: RFC 9110, 7.8.
      shouldUpgradeCallback: ({ headers }) =>
        options.upgrade !== undefined && headers.upgrade?.toLowerCase() === "websocket",
    },
    options.listener,
  );
  server.on("clientError", refuseUnreadable);
  // RFC 9110 10.1.1 lets a server pass over what it is expected to do and does not know.
  server.on("checkExpectation", (request, response) => server.emit("request", request, response));
  server.on("checkContinue", (request, response) => {
    request.once(BODY_WANTED, () => {
      if (!response.headersSent) response.writeContinue();
    });
    server.emit("request", request, response);
  });
  server.prependListener("request", (request, response) => {
    if (hasBody(request)) endLate(request, response, options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  let stopping: Promise<void> | undefined;
  // A client that always has one more request would keep its connection, and us, for the whole of the drain.
  server.prependListener("request", (_request, response) => {
    if (stopping !== undefined) response.setHeader("Connection", "close");
  });
  if (options.upgrade !== undefined) server.on("upgrade", options.upgrade);

  async function end(): Promise<void> {
    const over = performance.now() + farewellMs;
    while (sockets.size > 0 && performance.now() < over) await sleep(DRAIN_STEP_MS);
    await accepted(server);
    await drain(server, sockets, drainMs);
  }

  return {
    name,
    start: () => listen(server, port, host),
    stop: () => (stopping ??= server.listening ? end() : Promise.resolve()),
    address() {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error(`${name} does not listen yet.`);
      return address;
    },
  };
}

/**
 * Throws the `CannotStart` that starting on this port would end with, before anything is made. That it is free now promises nothing:
 * whoever starts asks again.
 */
export async function refuseBusyPort(port: number): Promise<void> {
  const probe = createServer();
  // Who comes just now has come too early, and is not to be waited for.
  probe.on("connection", (socket) => socket.destroy());
  await listen(probe, port, undefined);
  await new Promise<void>((resolve) => void probe.close(() => resolve()));
}

function listen(server: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void =>
      reject(new CannotStart(reasonOf(error, port, host), { cause: error }));
    server.once("error", fail);
    server.listen({ port, backlog: BACKLOG, ...(host === undefined ? {} : { host }) }, () => {
      server.off("error", fail);
      resolve();
    });
  });
}

function reasonOf(error: NodeJS.ErrnoException, port: number, host: string | undefined): string {
  if (error.code === "EADDRINUSE") return `Port ${port} is in use by another program. Set PORT to a free one.`;
  if (error.code === "EACCES")
    return `Port ${port} needs more rights than this process has. Set PORT to one above 1023.`;
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND")
    return `This machine has no address ${host ?? ""} to listen on.`;
  return `Cannot listen on port ${port}: ${error.message}`;
}

/**
 * Connections that were made and wait to be accepted would be reset when the socket closes, with the requests that they bring. A loop
 * accepts one in each turn, so it is closed in the very moment after turns in which none was waiting.
 */
function accepted(server: Server): Promise<void> {
  return new Promise((resolve) => {
    let quietTurns = 0;
    let turns = 0;
    const stir = (): void => void (quietTurns = 0);
    const turn = (): void => {
      quietTurns += 1;
      turns += 1;
      if (quietTurns <= QUIET_TURNS && turns < MAX_ACCEPT_TURNS) {
        setImmediate(turn);
        return;
      }
      server.off("connection", stir);
      resolve();
    };
    server.on("connection", stir);
    setImmediate(turn);
  });
}

function drain(server: Server, sockets: ReadonlySet<Socket>, drainMs: number): Promise<void> {
  const destroyWhere = (matches: (socket: Socket) => boolean) => () => {
    for (const socket of sockets) if (matches(socket)) socket.destroy();
  };
  return new Promise((resolve) => {
    // Node does not close a connection that falls idle after we stopped, nor one that has never asked for anything.
    const idle = setInterval(() => server.closeIdleConnections(), DRAIN_STEP_MS);
    const silent = setTimeout(
      destroyWhere(({ bytesRead }) => bytesRead === 0),
      SILENT_MS,
    );
    const bound = setTimeout(
      destroyWhere(() => true),
      drainMs,
    );
    server.close(() => {
      clearInterval(idle);
      clearTimeout(silent);
      clearTimeout(bound);
      resolve();
    });
  });
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";

/** A body that takes longer is refused, or, when its request was answered already, cut off. */
function endLate(request: IncomingMessage, response: ServerResponse, timeoutMs: number): void {
  const timer = setTimeout(() => {
    const { socket } = request;
    if (response.headersSent) socket.destroy();
    else refuseUnreadable(Object.assign(new Error("too slow"), { code: "ERR_HTTP_REQUEST_TIMEOUT" }), socket);
  }, timeoutMs);
  timer.unref();
  const inTime = (): void => clearTimeout(timer);
  request.once("end", inTime).once("close", inTime).once(LONG_BODY, inTime);
}

/** What Node's parser refuses never becomes a request, so the answer is written by hand. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  refuseConnection(socket, new Rejection(codeOf(error), "The request could not be read."));
}

function codeOf({ code }: NodeJS.ErrnoException): RejectionCode {
  if (code === "HPE_HEADER_OVERFLOW") return "headers_too_large";
  return code === "ERR_HTTP_REQUEST_TIMEOUT" ? "request_timeout" : "malformed_request";
}
