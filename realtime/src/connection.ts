import type { Duplex } from "node:stream";
import { WebSocket, type RawData } from "ws";
import type { CommandPort } from "@chat/shared/commands/command-port";
import { problemOf } from "@chat/shared/http/problem";
import { Rejection } from "@chat/shared/rejection";
import type { Logger } from "@chat/shared/telemetry/logger";
import type { Beginning } from "./beginnings.ts";
import { closeCodes, type CloseReason } from "./close-codes.ts";
import { fullBucket, takeToken, type FloodLimits } from "./flood-bucket.ts";
import { drainedOrClosed } from "./drained-or-closed.ts";
import type { SocketCaller } from "./handshake.ts";
import { hasReached, type Offsets } from "./offsets.ts";
import type { Outbox, Outlet } from "./outbox.ts";
import type { Incoming, Protocol } from "./protocols/protocol.ts";
import { createProofs } from "./proofs.ts";
import { rejectionOf } from "./rejection-of.ts";
import type { Device, Person } from "./rooms.ts";
import type { DeviceStream } from "./streams.ts";
import { pongFrame, pongNumber, textFrame } from "./websocket-frame.ts";
import { createWorkInFlight } from "./work-in-flight.ts";

/** With more than this waiting, a device has enough to do with what happened: who types it need not hear. */
const MAX_QUEUED_FOR_OFFERS = 64 * 1024;
/** What `ws` says where there was no close frame. */
const ENDED_WITHOUT_A_WORD = 1006;

/** What all connections of an instance share. */
export interface ConnectionContext {
  readonly outbox: Outbox;
  readonly commands: CommandPort;
  /** The same for dialects in which a text sent again within a moment is a repeat. */
  readonly commandsOnce: CommandPort;
  /** Somebody types, or no more. Throws a Rejection where he is no member. */
  readonly typed: (connection: Connection, change: { readonly chatId: string; readonly isTyping: boolean }) => void;
  readonly floodLimits: FloodLimits;
  /** What may wait to be written for one device; a client that reads slower than this allows is closed. */
  readonly maxQueueBytes: number;
  readonly logger: Logger;
  /** Reads a cursor of this log; null for anything else. */
  readonly readCursor: (text: string) => Offsets | null;
  /** Shows one more chat; what was missed there comes by itself. Rejects with a Rejection. */
  readonly join: (connection: Connection, chatId: string) => Promise<void>;
  /** Has the connection pinged within a second or so. */
  readonly proveSoon: (connection: Connection) => void;
  /** Called once, as soon as nothing more is to be pushed. */
  readonly left: (connection: Connection) => void;
  /** Called once, when the socket is closed. */
  readonly closed: (connection: Connection, code: number) => void;
}

/** One socket of one device. */
export interface Connection extends Device, Outlet {
  readonly person: Person;
  readonly caller: SocketCaller;
  readonly deviceId: string;
  /** Of a socket that shows chats one by one: those which it hears what happens in. */
  readonly shown: Set<string> | null;
  /** What it is told: its first stream at least until it closes, and one for each chat that was joined. */
  readonly streams: Map<string | null, DeviceStream>;
  /** Sends the dialect's first frame: the stream starts here. */
  begin(beginning: Beginning, heartbeatSeconds: number): void;
  /** Says that the chat is shown from here on, by this stream; null: it is already. */
  joined(stream: DeviceStream | null, chatId: string): void;
  isOpen(): boolean;
  /** Resolves when hardly anything waits to be read by the client: with false when it has gone. */
  drained(): Promise<boolean>;
  /** Every heartbeat: closes the socket when the last ping was not answered, else sends the next. */
  beat(ping: Buffer, number: number): void;
  /** Sends a ping unless one is under way; then it is to be asked again, for what was told since. */
  prove(ping: Buffer, number: number): boolean;
  close(reason: CloseReason): void;
  /** Without a word: for one that does not close when asked to. */
  terminate(): void;
  queuedBytes(): number;
}

export interface ConnectionParts {
  readonly ws: WebSocket;
  /** What `ws` speaks over. Frames that many devices get are made once, which `ws` cannot, so they are written here. */
  readonly socket: Duplex;
  readonly protocol: Protocol;
  readonly person: Person;
  readonly caller: SocketCaller;
  readonly deviceId: string;
  /** What it is told from the start; null where chats are joined. */
  readonly stream: DeviceStream | null;
}

export function createConnection(context: ConnectionContext, parts: ConnectionParts): Connection {
  const { ws, socket, protocol, person, caller, deviceId, stream: first } = parts;
  const streams = new Map(first === null ? [] : [[first.chatId, first]]);
  const proofs = createProofs(streams);
  const commands = protocol.refusesRepeatedTexts === true ? context.commandsOnce : context.commands;
  const bucket = fullBucket(context.floodLimits, performance.now());
  const inFlight = createWorkInFlight({
    socket: ws,
    failed: (id, error) => refuse(id, rejectionOf(error, context.logger)),
  });
  /** Why we close it, when we do. */
  let closing: CloseReason | "failed" | null = null;
  let heardSinceBeat = true;
  let told = "";
  let gone = false;

  const connection: Connection = {
    protocol,
    person,
    caller,
    deviceId,
    streams,
    shown: first?.chatId === null ? null : new Set(),
    waiting: null,

    push(frame) {
      heardSinceBeat = true;
      if (protocol.provedSoon === true && !gone) context.proveSoon(connection);
      context.outbox.push(connection, frame);
    },

    offer(frame) {
      // It moves no cursor, so it does not count as heard.
      if (socket.writableLength <= MAX_QUEUED_FOR_OFFERS) context.outbox.push(connection, frame);
    },

    write(bytes) {
      if (ws.readyState !== WebSocket.OPEN) return;
      const queued = socket.writableLength;
      // One who has read all that there was gets a burst of any size: he is not slow, it is much.
      if (queued > 0 && queued + bytes.length > context.maxQueueBytes) close("tooSlow");
      else socket.write(bytes);
    },

    begin({ resumed, resync }, heartbeatSeconds) {
      told = first?.place.cursor() ?? "";
      say(protocol.ready({ userId: caller.userId, deviceId, cursor: told, resumed, heartbeatSeconds }));
      if (resync) say(protocol.resync());
    },

    joined(stream, chatId) {
      if (stream !== null) streams.set(chatId, stream);
      say(protocol.joined?.(chatId) ?? null);
    },

    lost(chatId) {
      if (first?.chatId === chatId) close("removedFromChat");
      else leaveChat(chatId);
    },

    beat(ping, number) {
      if (!proofs.asks("heartbeat", number)) {
        close("heartbeatMissed");
        return;
      }
      const at = first?.place.cursor() ?? "";
      if (!heardSinceBeat && told !== at) {
        told = at;
        say(protocol.moved(told));
      }
      heardSinceBeat = false;
      context.outbox.push(connection, ping);
    },

    prove(ping, number) {
      const asks = proofs.asks("proof", number);
      if (asks) context.outbox.push(connection, ping);
      return asks;
    },

    async drained() {
      context.outbox.flush(connection);
      await drainedOrClosed(socket);
      return ws.readyState === WebSocket.OPEN;
    },

    close,
    isOpen: () => !gone && ws.readyState === WebSocket.OPEN,
    terminate: () => ws.terminate(),
    queuedBytes: () => socket.writableLength,
  };

  ws.on("message", receive);
  // Among all that waits for the client, and bounded with it.
  ws.on("ping", (payload) => context.outbox.push(connection, pongFrame(payload)));
  ws.on("pong", (payload) => proofs.ponged(pongNumber(payload)));
  // `ws` closes the socket itself (1002, 1007, 1009); there is nothing else to do about a client's mistake.
  ws.on("error", (error) => {
    closing ??= "failed";
    context.logger.debug({ err: error }, "a socket failed");
  });
  ws.on("close", (code) => {
    leave();
    const answered = code !== ENDED_WITHOUT_A_WORD;
    if (closing === null) proofs.heard();
    if (answered) proofs.farewellAnswered();
    for (const { cursor } of streams.values()) cursor.end(answered && closing === null);
    context.closed(connection, code);
  });
  return connection;

  function receive(data: RawData, isBinary: boolean): void {
    proofs.heard();
    if (ws.readyState !== WebSocket.OPEN) return;
    if (isBinary) {
      close("binary");
      return;
    }
    const incoming = protocol.incoming(data as Buffer, first?.chatId ?? null);
    if (incoming.kind === "ack" || incoming.kind === "ping") {
      free(incoming);
      return;
    }
    const verdict = takeToken(bucket, context.floodLimits, performance.now());
    if (verdict === "close") close("flood");
    else if (verdict === "refuse") {
      const id = incoming.kind === "unreadable" ? null : incoming.id;
      refuse(id, new Rejection("too_many_requests", "Too many frames: slow down, or the socket is closed."));
    } else act(incoming);
  }

  function free(incoming: Extract<Incoming, { kind: "ack" | "ping" }>): void {
    if (incoming.kind === "ack") {
      const acknowledged = context.readCursor(incoming.cursor);
      if (first === null || acknowledged === null || !hasReached(first.place.offsets(), acknowledged)) {
        refuse(incoming.id, new Rejection("validation_failed", "This is no cursor of this stream."));
        return;
      }
      first.cursor.prove(acknowledged);
    }
    if (incoming.id !== null) say(protocol.done(incoming.id, null));
  }

  function act(incoming: Exclude<Incoming, { kind: "ack" | "ping" }>): void {
    switch (incoming.kind) {
      case "command":
        // Calls go out in the order of the frames; answers come back as they come.
        inFlight.begin(incoming.id, async () => {
          say(protocol.done(incoming.id, await commands(caller, incoming.command)));
        });
        return;
      case "join":
        inFlight.queue(incoming.id, () => context.join(connection, incoming.chatId));
        return;
      case "typing":
        inFlight.begin(incoming.id, async () => {
          context.typed(connection, incoming);
          if (incoming.id !== null) say(protocol.done(incoming.id, null));
        });
        return;
      case "leave":
        inFlight.queue(incoming.id, async () => {
          if (connection.isOpen()) leaveChat(incoming.chatId);
        });
        return;
      case "refused":
      case "unreadable":
        // Behind the answers to what was queued before it.
        inFlight.queue(null, async () => refuse(incoming.kind === "refused" ? incoming.id : null, incoming.rejection));
        return;
      default:
        incoming satisfies never;
    }
  }

  function leaveChat(chatId: string): void {
    const stream = streams.get(chatId);
    if (stream === undefined || stream === first) return;
    stream.over = true;
    stream.cursor.end(true);
    streams.delete(chatId);
    connection.shown?.delete(chatId);
  }

  function refuse(id: string | null, rejection: Rejection): void {
    say(protocol.refused(id, problemOf(rejection)));
  }

  function say(text: string | null): void {
    if (text !== null) context.outbox.push(connection, textFrame(text));
  }

  function close(reason: CloseReason): void {
    if (ws.readyState !== WebSocket.OPEN) return;
    // Of a slow one too much waits already, and whose session has ended hears nothing more, not even what was written and is
    // not read yet; everybody else gets what was meant for him before the farewell.
    if (reason === "tooSlow" || reason === "sessionEnded") connection.waiting = null;
    else context.outbox.flush(connection);
    closing = reason;
    if (reason === "restart") proofs.saidFarewell();
    leave();
    if (reason === "sessionEnded" && socket.writableLength > 0) ws.terminate();
    else ws.close(closeCodes[reason].code, closeCodes[reason].text);
  }

  function leave(): void {
    if (gone) return;
    gone = true;
    context.left(connection);
  }
}
