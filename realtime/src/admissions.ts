import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { sessionEnded, type RevokedSessions } from "@chat/shared/identity/revoked-sessions";
import type { EventLog } from "@chat/shared/log/event-log";
import { partitionOf } from "@chat/shared/partitions/partition-of";
import { Rejection } from "@chat/shared/rejection";
import type { Arrivals } from "./arrivals.ts";
import type { Beginning, Beginnings } from "./beginnings.ts";
import { createConnection, type Connection, type ConnectionContext } from "./connection.ts";
import type { DeviceKey } from "./device-cursors-rows.ts";
import { notTheirs, readHandshake, type Handshake, type HandshakeRules } from "./handshake.ts";
import { socketOptions, type RealtimeLimits } from "./limits.ts";
import type { RefuseUpgrade } from "./refuse-upgrade.ts";
import type { Person, Rooms } from "./rooms.ts";
import type { Streams } from "./streams.ts";
import type { Tail } from "./tail.ts";

/** Chats joined on one socket: each has a cursor of its own, which is stored. */
const MAX_JOINED_CHATS = 1_000;
/** Who was let in a moment ago is in as soon as that was told here; the log is asked only for those who seem to be out. */
const LET_IN_WITHIN_MS = 5_000;

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Who may open a socket or show a chat on one, and where he begins. Both reject with a Rejection. */
export interface Admissions {
  admit(upgrade: Upgrade): Promise<void>;
  /**
   * Shows a chat on an open socket: what its device missed there comes first. Joined again, nothing changes. Of one socket
   * never more than one at a time.
   */
  join(connection: Connection, chatId: string): Promise<void>;
  /** A socket of this user is closed. */
  release(userId: string): void;
}

export interface AdmissionsOptions {
  readonly log: Pick<EventLog, "partitions" | "ends">;
  readonly handshakeRules: HandshakeRules;
  readonly limits: RealtimeLimits;
  readonly revoked: Pick<RevokedSessions, "has">;
  readonly beginnings: Beginnings;
  readonly arrivals: Arrivals;
  readonly rooms: Rooms;
  readonly streams: Streams;
  readonly tail: Pick<Tail, "between" | "reached">;
  readonly context: ConnectionContext;
  readonly refuse: RefuseUpgrade;
  /** The socket is open, and is told nothing yet. */
  readonly opened: (connection: Connection) => void;
}

/** What is known of a socket before it opens. */
interface Admitted {
  readonly handshake: Handshake;
  readonly key: DeviceKey;
  /** Null where it is told nothing until it joins a chat. */
  readonly beginning: Beginning | null;
}

type Outcome = "opened" | "not opened" | "no member";

export function createAdmissions(options: AdmissionsOptions): Admissions {
  const { log, limits, revoked, beginnings, arrivals, rooms, streams, tail, context } = options;
  const sockets = new WebSocketServer(socketOptions(limits));
  sockets.on("wsClientError", ({ message }, socket, request) =>
    options.refuse(
      request,
      socket,
      new Rejection("malformed_request", `This is no handshake of a WebSocket: ${message}.`),
    ),
  );
  const socketsOf = new Map<string, number>();

  async function admit(upgrade: Upgrade): Promise<void> {
    const handshake = await readHandshake(upgrade.request, options.handshakeRules);
    const { userId, sessionId } = handshake.caller;
    if ((socketsOf.get(userId) ?? 0) >= limits.maxSocketsPerUser) {
      throw new Rejection("too_many_requests", `A user has at most ${limits.maxSocketsPerUser} sockets.`);
    }
    socketsOf.set(userId, (socketsOf.get(userId) ?? 0) + 1);
    let outcome: Outcome = "not opened";
    try {
      outcome = await begin(handshake, upgrade);
      if (outcome === "not opened" && revoked.has(sessionId)) throw sessionEnded();
      if (outcome === "no member") throw notTheirs();
    } finally {
      if (outcome !== "opened") release(userId);
    }
  }

  async function begin(handshake: Handshake, upgrade: Upgrade): Promise<Outcome> {
    const { scope, caller, deviceId, cursor } = handshake;
    const chatId = scope.shows === "one chat" ? scope.chatId : null;
    const key = { userId: caller.userId, deviceId, chatId };
    if (chatId !== null && !(await isMember(caller.userId, chatId))) return "no member";
    const newDeviceStarts = scope.shows === "one chat" ? scope.newDeviceStarts : "now";
    if (scope.shows === "joined chats" && cursor !== null) throw ofNoUse(eachChatHasItsOwn);
    const beginning = scope.shows === "joined chats" ? null : await beginnings.find(key, cursor, newDeviceStarts);
    // Opened all the same, it would be told what happens from now on, and never that it has missed something.
    if (cursor !== null && beginning?.resync === true && handshake.protocol.resync() === null) throw ofNoUse(otherLog);
    let outcome: Outcome = "not opened";
    await arrivals.arrive(caller.userId, (person) => {
      if (chatId !== null && !person.chats.has(chatId)) outcome = "no member";
      else if (open(person, { handshake, beginning, key }, upgrade)) outcome = "opened";
      rooms.exitIfAlone(person);
    });
    return outcome;
  }

  /** Asked before a cursor is made for a chat. Who was let in just now may be ahead of what was told here. */
  async function isMember(userId: string, chatId: string): Promise<boolean> {
    if (await isInRoom(userId, chatId)) return true;
    const partition = partitionOf(chatId, log.partitions);
    const end = (await log.ends())[partition] ?? 0;
    if (await tail.reached(new Map([[partition, end]]), LET_IN_WITHIN_MS)) return isInRoom(userId, chatId);
    throw new Rejection("unavailable", "This instance is behind: come back in a moment.");
  }

  async function isInRoom(userId: string, chatId: string): Promise<boolean> {
    let isIn = false;
    await arrivals.arrive(userId, (person) => {
      isIn = person.chats.has(chatId);
      rooms.exitIfAlone(person);
    });
    return isIn;
  }

  /** From the handshake to the first frame without a pause: nothing can happen in between that the device would miss. */
  function open(person: Person, { handshake, beginning, key }: Admitted, upgrade: Upgrade): boolean {
    // It may have ended since its token was read; from here on it is closed when it ends.
    if (revoked.has(handshake.caller.sessionId)) return false;
    let opened = false;
    // For a handshake that is wrong the callback is not called: "wsClientError" is.
    sockets.handleUpgrade(upgrade.request, upgrade.socket, upgrade.head, (ws) => {
      const { protocol, caller, deviceId } = handshake;
      const stream = beginning === null ? null : streams.begin(key, beginning);
      const { socket } = upgrade;
      const connection = createConnection(context, { ws, socket, protocol, person, caller, deviceId, stream });
      options.opened(connection);
      if (stream?.chatId !== null) person.devices.add(connection);
      if (beginning !== null) connection.begin(beginning, limits.heartbeatMs / 1_000);
      if (stream?.chatId === null) {
        person.catchingUp.add(connection);
        streams.follow(connection, stream, () => {
          if (person.catchingUp.delete(connection)) person.devices.add(connection);
        });
      } else if (stream !== null) {
        streams.follow(connection, stream, () => show(connection, stream.chatId));
      }
      opened = true;
    });
    return opened;
  }

  /** Who was put out while he was told of it has heard it to its end, and nothing that came later. */
  function show(connection: Connection, chatId: string | null): void {
    if (chatId === null || !connection.isOpen()) return;
    if (connection.person.chats.has(chatId)) connection.shown?.add(chatId);
    else connection.lost(chatId);
  }

  async function join(connection: Connection, chatId: string): Promise<void> {
    const { userId } = connection.caller;
    if (!connection.isOpen()) return;
    if (connection.streams.has(chatId)) {
      connection.joined(null, chatId);
      return;
    }
    if (connection.streams.size >= MAX_JOINED_CHATS) {
      throw new Rejection("too_many_requests", `At most ${MAX_JOINED_CHATS} chats are joined on one socket.`);
    }
    if (!(await isMember(userId, chatId))) throw notTheirs();
    const key = { userId, deviceId: connection.deviceId, chatId };
    const beginning = await beginnings.find(key, null);
    await new Promise<void>((resolve, reject) => {
      tail.between(() => {
        if (!connection.isOpen()) resolve();
        else if (!connection.person.chats.has(chatId)) reject(notTheirs());
        else {
          const stream = streams.begin(key, beginning);
          connection.joined(stream, chatId);
          streams.follow(connection, stream, () => show(connection, chatId));
          resolve();
        }
        return true;
      });
    });
  }

  function release(userId: string): void {
    const left = (socketsOf.get(userId) ?? 0) - 1;
    if (left > 0) socketsOf.set(userId, left);
    else socketsOf.delete(userId);
  }

  return { admit, join, release };
}

const eachChatHasItsOwn = "each chat that is joined on this socket has a place of its own";
const otherLog = "it is of another log, and there is no frame on this socket to say so";

function ofNoUse(why: string): Rejection {
  const detail = `is of no use here: ${why}`;
  return new Rejection("validation_failed", `cursor ${detail}.`, {
    errors: [{ in: "query", pointer: "/cursor", detail }],
  });
}
