import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Pool } from "pg";
import type { CommandPort } from "@chat/shared/commands/command-port";
import { createHttpApp } from "@chat/shared/http/app";
import { createAuthenticate } from "@chat/shared/http/authenticate";
import { createReadiness, healthRoutes } from "@chat/shared/http/health";
import { observeRequests } from "@chat/shared/http/observe-requests";
import { createHttpServer } from "@chat/shared/http/server";
import type { AccessTokens } from "@chat/shared/identity/access-token";
import { refuseRevoked, type RevokedSessions } from "@chat/shared/identity/revoked-sessions";
import type { Service } from "@chat/shared/lifecycle";
import { decodeCursor, shortLogId } from "@chat/shared/log/cursor";
import type { EventLog } from "@chat/shared/log/event-log";
import { createLiveReader } from "@chat/shared/read-model/read-live";
import { Rejection } from "@chat/shared/rejection";
import { createMemorySignals } from "@chat/shared/signals/memory/memory-signals";
import type { Signals } from "@chat/shared/signals/signals";
import type { Logger } from "@chat/shared/telemetry/logger";
import { followLag } from "@chat/shared/telemetry/follow-lag";
import type { Metrics } from "@chat/shared/telemetry/metrics";
import { createAdmissions } from "./admissions.ts";
import { createArrivals } from "./arrivals.ts";
import { createReadCircles } from "./audience-circles.ts";
import { createAudienceRows, createMembershipStart, createNames } from "./audience-rows.ts";
import { createBeginnings } from "./beginnings.ts";
import { createCatchUp } from "./catch-up.ts";
import { createCatchUpRows } from "./catch-up-rows.ts";
import { closeSpread } from "./close-spread.ts";
import type { Connection, ConnectionContext } from "./connection.ts";
import { createDeviceCursors } from "./device-cursors.ts";
import { createDeviceCursorRows } from "./device-cursors-rows.ts";
import { createFactsReader } from "./facts.ts";
import { createFirstStart } from "./first-start.ts";
import { createGate } from "./gate.ts";
import { createHeartbeat } from "./heartbeat.ts";
import { createRedeemTicket } from "./identity/redeem-ticket.ts";
import { defaultLimits, type RealtimeLimits } from "./limits.ts";
import { createOutbox } from "./outbox.ts";
import { createPushes } from "./pushes.ts";
import { createRefuseUpgrade } from "./refuse-upgrade.ts";
import { createRepeatedTexts } from "./repeated-texts.ts";
import { createRooms } from "./rooms.ts";
import { createSessionSockets } from "./session-sockets.ts";
import { createSignalling } from "./signals/signalling.ts";
import { createStreams } from "./streams.ts";
import { createTail } from "./tail.ts";
import { createEventWindow } from "./window.ts";

/** Slices of what was missed, of all devices together: pushes and handshakes need connections too. */
const JOURNAL_READS_AT_ONCE = 4;

const notNow = (): Rejection => new Rejection("overloaded", "This instance is starting or stopping: come back.");
const ignore = (): void => undefined;

export interface RealtimeOptions {
  readonly log: EventLog;
  /** Of the database with the read models and the directory, for SELECTs only, and with the devices' cursors. */
  readonly pool: Pool;
  readonly tokens: Pick<AccessTokens, "verify">;
  /** Handshakes of these sessions are refused, and their sockets closed with 4401 as soon as they are in it. */
  readonly revoked: Pick<RevokedSessions, "has" | "onRevoked">;
  readonly commands: CommandPort;
  /** Absent: who types and who is there is known of this instance only. */
  readonly signals?: Signals;
  /** The same for all instances. Absent: this instance notices only by itself, or late, what was sent at another. */
  readonly secret?: string;
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

/** The service that tells: follows the log and pushes to every device of every member what happened. */
export function createRealtime(options: RealtimeOptions): Realtime {
  const { log, logger, metrics, allowedOrigins, port, revoked } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const frames = metrics.counter("realtime_frames_total", "Frames handed to devices.");
  const closes = metrics.counter("realtime_closes_total", "Sockets closed, by code.", ["code"]);
  const authenticate = createAuthenticate(refuseRevoked(options.tokens, revoked));

  const window = createEventWindow(log.partitions);
  const rooms = createRooms();
  const reader = createLiveReader(options.pool);
  const rows = createAudienceRows(reader);
  const repeatedTexts = createRepeatedTexts({
    commands: options.commands,
    secret: options.secret ?? randomUUID(),
    now: () => Date.now(),
  });
  const facts = createFactsReader({ rows, names: createNames(options.pool), window, rooms });
  const pushes = createPushes({ log, window, rooms, facts, logger, counted: (handed) => frames.inc(handed) });
  const tail = createTail({
    log,
    window,
    checkpoints: rows.checkpoints,
    prepare(batch) {
      repeatedTexts.note(batch.events);
      return signalling.afterEach(pushes.prepare(batch), batch);
    },
    logger,
    goesOn() {
      const ahead = new Set(arrivals.takeAhead());
      for (const connection of connections) if (ahead.has(connection.person)) connection.close("restart");
      for (const person of ahead) rooms.forget(person);
    },
    halted: (error) => options.fail?.(error),
  });
  const signalling = createSignalling({
    instance: randomUUID(),
    signals: options.signals ?? createMemorySignals(),
    partitions: log.partitions,
    readCircles: createReadCircles(reader),
    rows,
    rooms,
    window,
    tail,
    logger,
    metrics,
  });
  const arrivals = createArrivals({ rows, window, rooms, tail, logger });
  const logName = shortLogId(log.id);
  const cursors = createDeviceCursors({
    rows: createDeviceCursorRows({ pool: options.pool, holder: randomUUID(), log: logName }),
    logger,
  });
  const membershipStart = createMembershipStart(reader);
  const whereTheUserWas = createFirstStart({ log, cursors, membershipStart, window, stream: pushes.stream });
  const beginnings = createBeginnings({ log, cursors, tail, stream: pushes.stream, whereTheUserWas });
  const journalReads = createGate(JOURNAL_READS_AT_ONCE);
  const catchUp = createCatchUp({
    logId: log.id,
    rows: createCatchUpRows(reader),
    window,
    facts,
    tail,
    logger,
    counted: (handed) => frames.inc(handed),
    gate: journalReads,
  });
  const streams = createStreams({ log, cursors, catchUp, stream: pushes.stream });
  const heartbeat = createHeartbeat(limits.heartbeatMs);
  const outbox = createOutbox();
  const connections = new Set<Connection>();
  const sessionSockets = createSessionSockets();
  let stopListening = (): void => undefined;
  const readiness = createReadiness();
  const reading = new AbortController();
  let accepting = false;
  let stopping: Promise<void> | undefined;

  const context: ConnectionContext = {
    outbox,
    commands: options.commands,
    commandsOnce: repeatedTexts.commands,
    typed: signalling.typed,
    floodLimits: limits.flood,
    maxQueueBytes: limits.maxQueueBytes,
    logger,
    readCursor(text) {
      const cursor = decodeCursor(text);
      return cursor?.log === logName && cursor.offsets.length === log.partitions ? cursor.offsets : null;
    },
    join: (connection, chatId) => admissions.join(connection, chatId),
    proveSoon: heartbeat.proveSoon,
    left(connection) {
      const { person } = connection;
      person.devices.delete(connection);
      person.catchingUp.delete(connection);
      rooms.exitIfAlone(person);
      signalling.closed(connection);
      heartbeat.remove(connection);
    },
    closed(connection, code) {
      connections.delete(connection);
      sessionSockets.remove(connection);
      admissions.release(connection.caller.userId);
      closes.inc({ code: String(code) });
    },
  };

  const refuseUpgrade = createRefuseUpgrade(logger);
  const admissions = createAdmissions({
    log,
    handshakeRules: { authenticate, redeemTicket: createRedeemTicket(options.pool), allowedOrigins },
    limits,
    revoked,
    beginnings,
    arrivals,
    rooms,
    streams,
    tail,
    context,
    refuse: refuseUpgrade,
    opened(connection) {
      connections.add(connection);
      sessionSockets.add(connection);
      heartbeat.add(connection);
      signalling.opened(connection);
    },
  });

  metrics.gauge("realtime_devices", "Sockets that are open.", { collect: (gauge) => gauge.set(connections.size) });
  metrics.gauge("realtime_queue_bytes", "Bytes that wait for devices to read them.", {
    collect: (gauge) => gauge.set([...connections].reduce((sum, { queuedBytes }) => sum + queuedBytes(), 0)),
  });
  metrics.gauge("realtime_longest_queue_bytes", "Bytes that wait for the device that reads slowest.", {
    collect: (gauge) => gauge.set([...connections].reduce((most, { queuedBytes }) => Math.max(most, queuedBytes()), 0)),
  });
  metrics.gauge("realtime_window_bytes", "Events held in memory, in bytes of the log.", {
    collect: (gauge) => gauge.set(window.bytes()),
  });
  metrics.gauge("realtime_journal_reads_waiting", "Devices that wait for their turn to read what they missed.", {
    collect: (gauge) => gauge.set(journalReads.waiting()),
  });
  metrics.gauge("realtime_journal_reads_most", "How many of these reads have ever run at once here.", {
    collect: (gauge) => gauge.set(journalReads.most()),
  });
  metrics.gauge("realtime_stopped_partitions", "Partitions with an event that cannot be read: pushed no further.", {
    collect: (gauge) => gauge.set(tail.stopped().size),
  });

  function handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // While its chats are read nobody else listens, and a socket's error without a listener ends the process.
    socket.on("error", ignore);
    const admitted = accepting ? admissions.admit({ request, socket, head }) : Promise.reject(notNow());
    void admitted.catch((error: unknown) => refuseUpgrade(request, socket, error));
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
      signalling.start();
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
    await signalling.stop();
    await cursors.stop();
    await tail.stop();
  }
}
