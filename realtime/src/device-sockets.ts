import { randomUUID } from "node:crypto";
import type { DeviceKey, HeldSocket } from "./device-cursors-rows.ts";
import { highest, sameOffsets, type Offsets } from "./offsets.ts";
import type { SocketFacts } from "./succession.ts";

/**
 * How often the moment is noted of which a sign of life says that it came later. What waited while this process did not run
 * is not taken for a sign of now.
 */
const TICK_MS = 100;

/** Clocks drift by less than a quick answer of the database is better than a slow one. */
const CLOCK_GOOD_FOR_MS = 60_000;

/** The proof of one socket. What was told to it counts from when it has shown that it arrived. */
export interface SocketCursor {
  /** Everything before these offsets has arrived. Never moves back. */
  prove(offsets: Offsets): void;
  proven(): Offsets;
  /** The client has sent something. */
  heard(): void;
  /** `goodbye`: the client closed it; its place is kept for minutes. Else it is kept for who comes next. */
  end(goodbye: boolean): void;
}

/** What the database's clock showed between two moments of ours, in milliseconds. */
interface Clock {
  readonly askedAt: number;
  readonly at: number;
  readonly answeredAt: number;
}

interface Unstored {
  readonly held: HeldSocket;
  /** It is stored like this; resolves with whether the socket had come or gone. */
  stored(): boolean;
  /** It is not, and is to be tried again. */
  failed(): void;
}

/** The sockets of devices on this instance: those that are open, and those that are not stored as what they are. */
export interface DeviceSockets {
  open(key: DeviceKey, start: Offsets, exact: boolean): SocketCursor;
  /** A device's sockets: what is stored, and what is newer here. */
  factsOf(key: DeviceKey, stored: readonly SocketFacts[]): readonly SocketFacts[];
  /** What is not stored. Each is to be told what became of it. */
  takeMoved(): readonly Unstored[];
  setClock(clock: Clock): void;
  /** By the database's clock, no later than it is: what begins from now on has begun after it. */
  now(): number;
  start(): void;
  stop(): void;
}

interface Socket {
  readonly key: DeviceKey;
  readonly id: string;
  readonly exact: boolean;
  readonly beganAt: number;
  proven: Offsets;
  state: SocketFacts["state"];
  heardAt: number;
  /** As what it is stored. */
  storedAs: SocketFacts["state"] | null;
}

export function createDeviceSockets(): DeviceSockets {
  const devices = new Map<string, Set<Socket>>();
  let moved = new Set<Socket>();
  let clock: Clock = { askedAt: 0, at: performance.timeOrigin, answeredAt: Number.POSITIVE_INFINITY };
  /** The last tick but one: between the last one and now this process may have stood still. */
  let earlier = performance.now();
  let lastTick = earlier;
  let ticking: NodeJS.Timeout | undefined;

  // A socket that began after another one's last sign of life must be seen to, by whichever instance it was asked.
  /** No earlier than it was. */
  const latest = (moment: number): number => clock.at + moment - clock.askedAt;
  /** No later than it was. */
  const earliest = (moment: number): number => clock.at + moment - clock.answeredAt;

  const factsOfOne = ({ id, proven, state, exact, beganAt, heardAt }: Socket): Omit<SocketFacts, "succeeds"> => ({
    ...{ socket: id, offsets: proven, state, exact },
    beganAt: latest(beganAt),
    aliveAt: earliest(heardAt),
  });

  function forget(socket: Socket): void {
    const name = nameOf(socket.key);
    const others = devices.get(name);
    others?.delete(socket);
    if (others?.size === 0) devices.delete(name);
  }

  return {
    open({ userId, deviceId, chatId }, start, exact) {
      const key = { userId, deviceId, chatId };
      const now = performance.now();
      const socket: Socket = {
        ...{ key, id: randomUUID(), exact, proven: start },
        ...{ state: "open", beganAt: now, heardAt: now, storedAs: null },
      };
      const others = devices.get(nameOf(key));
      if (others === undefined) devices.set(nameOf(key), new Set([socket]));
      else others.add(socket);
      moved.add(socket);
      return {
        prove(offsets) {
          if (socket.state !== "open" || sameOffsets(offsets, socket.proven)) return;
          socket.proven = highest(socket.proven, offsets);
          moved.add(socket);
        },
        proven: () => socket.proven,
        heard: () => void (socket.heardAt = Math.max(socket.beganAt, earlier)),
        end(goodbye) {
          if (socket.state !== "open") return;
          socket.state = goodbye ? "closed" : "left";
          moved.add(socket);
        },
      };
    },

    factsOf(key, stored) {
      const byId = new Map(stored.map((one) => [one.socket, one]));
      for (const socket of devices.get(nameOf(key)) ?? []) {
        const row = byId.get(socket.id);
        // Others have taken its place, and took it out.
        if (row === undefined && socket.storedAs !== null && socket.state !== "open") continue;
        const { offsets = socket.proven, succeeds = false } = row ?? {};
        byId.set(socket.id, { ...factsOfOne(socket), offsets: highest(socket.proven, offsets), succeeds });
      }
      return [...byId.values()];
    },

    takeMoved() {
      const all = [...moved];
      moved = new Set();
      return all.map((socket) => {
        const { state, storedAs } = socket;
        return {
          held: { ...socket.key, ...factsOfOne(socket), isNew: storedAs === null || state === "open" },
          stored() {
            socket.storedAs = state;
            if (socket.state !== "open" && !moved.has(socket)) forget(socket);
            return storedAs !== state;
          },
          failed: () => void moved.add(socket),
        };
      });
    },

    setClock(found) {
      const isQuicker = found.answeredAt - found.askedAt <= clock.answeredAt - clock.askedAt;
      if (isQuicker || found.askedAt - clock.askedAt > CLOCK_GOOD_FOR_MS) clock = found;
    },
    now: () => earliest(performance.now()),
    start() {
      ticking = setInterval(() => {
        earlier = lastTick;
        lastTick = performance.now();
      }, TICK_MS);
      ticking.unref();
    },
    stop: () => clearInterval(ticking),
  };
}

export const nameOf = ({ userId, deviceId, chatId }: DeviceKey): string => `${userId}\n${chatId ?? ""}\n${deviceId}`;
