import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Pool } from "pg";
import { WebSocketServer } from "ws";
import type { CommandPort } from "@chat/shared/commands/command-port";
import { createHttpApp } from "@chat/shared/http/app";
import { createAuthenticate } from "@chat/shared/http/authenticate";
import { createReadiness, healthRoutes } from "@chat/shared/http/health";
import { observeRequests } from "@chat/shared/http/observe-requests";
import { createHttpServer } from "@chat/shared/http/server";
import type { AccessTokens } from "@chat/shared/identity/access-token";
import { refuseRevoked, sessionEnded, type RevokedSessions } from "@chat/shared/identity/revoked-sessions";
import type { Service } from "@chat/shared/lifecycle";
import { decodeCursor, encodeCursor, shortLogId } from "@chat/shared/log/cursor";
import type { EventLog } from "@chat/shared/log/event-log";
import { createLiveReader } from "@chat/shared/read-model/read-live";
import { Rejection } from "@chat/shared/rejection";
import type { Logger } from "@chat/shared/telemetry/logger";
import { followLag } from "@chat/shared/telemetry/follow-lag";
import type { Metrics } from "@chat/shared/telemetry/metrics";
import { createArrivals } from "./arrivals.ts";
import { createAudienceRows, createNames } from "./audience-rows.ts";
import { type Beginning, createBeginnings } from "./beginnings.ts";
import { createCatchUp } from "./catch-up.ts";
import { createCatchUpRows } from "./catch-up-rows.ts";
import { closeSpread } from "./close-spread.ts";
import { createConnection, type Connection, type ConnectionContext } from "./connection.ts";
import { createDeviceCursors } from "./device-cursors.ts";
import { createDeviceCursorRows, type DeviceKey } from "./device-cursors-rows.ts";
import { createFactsReader } from "./facts.ts";
import { readHandshake, type Handshake } from "./handshake.ts";
import { createHeartbeat } from "./heartbeat.ts";
import { createRedeemTicket } from "./identity/redeem-ticket.ts";
import { defaultLimits, socketOptions, type RealtimeLimits } from "./limits.ts";
import { createOutbox } from "./outbox.ts";
import { createPushes } from "./pushes.ts";
import { refuseUpgrade } from "./refuse-upgrade.ts";
import { createRooms, type Person } from "./rooms.ts";
import { createSessionSockets } from "./session-sockets.ts";
import { createTail } from "./tail.ts";
import { createEventWindow } from "./window.ts";

const ignore = (): void => undefined;

export interface RealtimeOptions {
  readonly log: EventLog;
  /** Of the database with the read models and the directory, for SELECTs only, and with the devices' cursors. */
  readonly pool: Pool;
  readonly tokens: Pick<AccessTokens, "verify">;
  /** Handshakes of these sessions are refused, and their sockets closed with 4401 as soon as they are in it. */
  readonly revoked: Pick<RevokedSessions, "has" | "onRevoked">;
  readonly commands: CommandPort;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly limits?: Partial<RealtimeLimits>;
  /** Checked at the handshake when given; the page's own origin always passes. */
  readonly allowedOrigins?: readonly string[];
  /** Where it listens on its own. Absent: it is handed its handshakes by whoever listens. */
  readonly port?: number;
  /** The log is not what it was; nothing can be told until somebody has looked at it. */
  readonly fail?: (error: unknown) => void;
}

export interface Realtime extends Service {
  /** Takes over a connection that asks for `Upgrade: websocket`, or refuses it with an HTTP answer. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** What is known of a socket before it opens. */
interface Admitted {
  readonly handshake: Handshake;
  readonly beginning: Beginning;
  readonly key: DeviceKey;
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** The service that tells: follows the log and pushes to every device of every member what happened. */
export function createRealtime(options: RealtimeOptions): Realtime {
  const { log, logger, metrics, allowedOrigins, port, revoked } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const frames = metrics.counter("realtime_frames_total", "Frames handed to devices.");
  const closes = metrics.counter("realtime_closes_total", "Sockets closed, by code.", ["code"]);
  const authenticate = createAuthenticate(refuseRevoked(options.tokens, revoked));
  const handshakeRules = { authenticate, redeemTicket: createRedeemTicket(options.pool), allowedOrigins };

  const window = createEventWindow(log.partitions);
  const rooms = createRooms();
  const reader = createLiveReader(options.pool);
  const rows = createAudienceRows(reader);
  const facts = createFactsReader({ rows, names: createNames(options.pool), window, rooms });
  const pushes = createPushes({ log, window, rooms, facts, logger, counted: (handed) => frames.inc(handed) });
  const tail = createTail({
    log,
    window,
    checkpoints: rows.checkpoints,
    prepare: pushes.prepare,
    logger,
    halted: (error) => options.fail?.(error),
  });
  const arrivals = createArrivals({ rows, window, rooms, tail, logger });
  const logName = shortLogId(log.id);
  const cursors = createDeviceCursors({
    rows: createDeviceCursorRows({ pool: options.pool, holder: randomUUID(), log: logName }),
    logger,
  });
  const beginnings = createBeginnings({ log, cursors, tail, stream: pushes.stream });
  const catchUp = createCatchUp({
    logId: log.id,
    rows: createCatchUpRows(reader),
    window,
    facts,
    tail,
    logger,
    counted: (handed) => frames.inc(handed),
  });
  const heartbeat = createHeartbeat(limits.heartbeatMs);
  const outbox = createOutbox();
  const connections = new Set<Connection>();
  const socketsOf = new Map<string, number>();
  const sessionSockets = createSessionSockets();
  let stopListening = (): void => undefined;
  const readiness = createReadiness();
  const reading = new AbortController();
  let accepting = false;
  let stopping: Promise<void> | undefined;

  const sockets = new WebSocketServer(socketOptions);
  const context: ConnectionContext = {
    outbox,
    commands: options.commands,
    floodLimits: limits.flood,
    maxQueueBytes: limits.maxQueueBytes,
    logger,
    readCursor(text) {
      const cursor = decodeCursor(text);
      return cursor?.log === logName && cursor.offsets.length === log.partitions ? cursor.offsets : null;
    },
    left(connection) {
      const { person } = connection;
      person.devices.delete(connection);
      person.catchingUp.delete(connection);
      rooms.exitIfAlone(person);
      heartbeat.remove(connection);
    },
    closed(connection, code) {
      connections.delete(connection);
      sessionSockets.remove(connection);
      release(connection.caller.userId);
      closes.inc({ code: String(code) });
    },
  };

  metrics.gauge("realtime_devices", "Sockets that are open.", { collect: (gauge) => gauge.set(connections.size) });
  metrics.gauge("realtime_queue_bytes", "Bytes that wait for devices to read them.", {
    collect: (gauge) => gauge.set([...connections].reduce((sum, { queuedBytes }) => sum + queuedBytes(), 0)),
  });
  metrics.gauge("realtime_window_bytes", "Events held in memory, in bytes of the log.", {
    collect: (gauge) => gauge.set(window.bytes()),
  });

  metrics.gauge("realtime_stopped_partitions", "Partitions with an event that cannot be read: pushed no further.", {
    collect: (gauge) => gauge.set(tail.stopped().size),
  });

  async function admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (!accepting) throw new Rejection("overloaded", "This instance is starting or stopping: come back.");
    const handshake = await readHandshake(request, handshakeRules);
    const { userId } = handshake.caller;
    if ((socketsOf.get(userId) ?? 0) >= limits.maxSocketsPerUser) {
      throw new Rejection("too_many_requests", `A user has at most ${limits.maxSocketsPerUser} sockets.`);
    }
    socketsOf.set(userId, (socketsOf.get(userId) ?? 0) + 1);
    let opened = false;
    try {
      const key = { userId, deviceId: handshake.deviceId, chatId: null };
      const beginning = await beginnings.find(key, handshake.cursor);
      await arrivals.arrive(userId, (person) => {
        opened = open(person, { handshake, beginning, key }, { request, socket, head });
        rooms.exitIfAlone(person);
      });
      if (!opened && revoked.has(handshake.caller.sessionId)) throw sessionEnded();
    } finally {
      if (!opened) release(userId);
    }
  }

  /** From the handshake to the first frame without a pause: nothing can happen in between that the device would miss. */
  function open(person: Person, { handshake, beginning, key }: Admitted, upgrade: Upgrade): boolean {
    // It may have ended since its token was read; from here on it is closed when it ends.
    if (revoked.has(handshake.caller.sessionId)) return false;
    let opened = false;
    // A handshake that is wrong is answered by `ws`, and the callback is not called.
    sockets.handleUpgrade(upgrade.request, upgrade.socket, upgrade.head, (ws) => {
      const { protocol, caller, deviceId } = handshake;
      const { offsets, exact } = beginning;
      const cursor = cursors.open(key, offsets, exact);
      const stream = { offsets: () => offsets, cursor: () => encodeCursor(log.id, offsets) };
      const { socket } = upgrade;
      const connection = createConnection(context, { ws, socket, protocol, person, caller, deviceId, cursor, stream });
      connections.add(connection);
      sessionSockets.add(connection);
      heartbeat.add(connection);
      connection.begin(beginning, limits.heartbeatMs / 1_000);
      person.catchingUp.add(connection);
      catchUp.begin(connection, offsets, () => {
        if (!person.catchingUp.delete(connection)) return;
        connection.stream = pushes.stream;
        person.devices.add(connection);
      });
      opened = true;
    });
    return opened;
  }

  function release(userId: string): void {
    const left = (socketsOf.get(userId) ?? 0) - 1;
    if (left > 0) socketsOf.set(userId, left);
    else socketsOf.delete(userId);
  }

  function handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // While its chats are read nobody else listens, and a socket's error without a listener ends the process.
    socket.on("error", ignore);
    void admit(request, socket, head).catch((error: unknown) => {
      if (!(error instanceof Rejection)) logger.error({ err: error }, "a handshake failed");
      refuseUpgrade(socket, error instanceof Rejection ? error : new Rejection("internal", "Something went wrong."));
    });
  }

  const server =
    port === undefined
      ? null
      : createHttpServer({
          name: "realtime",
          port,
          upgrade: handleUpgrade,
          listener: createHttpApp({
            routes: healthRoutes({ readiness, checks: { database: rows.checkpoints, log: log.ends }, metrics }),
            observe: observeRequests(metrics),
            authenticate,
            log: logger,
          }),
        });

  return {
    name: "realtime",
    handleUpgrade,

    async start() {
      await tail.start();
      const reached = (partition: number): number => window.end(partition).offset;
      void followLag({ log, metrics, reader: "realtime", reached }, reading.signal);
      await cursors.start();
      heartbeat.start();
      stopListening = revoked.onRevoked((sessionId) => {
        for (const connection of sessionSockets.of(sessionId)) connection.close("sessionEnded");
      });
      accepting = true;
      await server?.start();
      await readiness.start();
    },

    stop: () => (stopping ??= stop()),
  };

  async function stop(): Promise<void> {
    accepting = false;
    await readiness.stop();
    reading.abort();
    await closeSpread(connections);
    heartbeat.stop();
    stopListening();
    await server?.stop();
    await cursors.stop();
    await tail.stop();
  }
}
