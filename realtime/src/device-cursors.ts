import { setTimeout as sleep } from "node:timers/promises";
import { Rejection } from "@chat/shared/rejection";
import type { Logger } from "@chat/shared/telemetry/logger";
import type { DeviceCursorRows, DeviceKey, FoundCursor, HeldCursor } from "./device-cursors-rows.ts";
import { highest, lowest, sameOffsets, type Offsets } from "./offsets.ts";

/** What a crash of this instance can cost: so much is told again, nothing is lost. */
const STORE_EVERY_MS = 1_000;
/** Old devices are looked for so often, and first when an instance starts: the look goes through the whole table. */
const PRUNE_EVERY_MS = 3_600_000;
/** Rows in one statement: some hundred KiB. */
const MAX_PER_STATEMENT = 1_000;
/** Handshakes that wait for their cursor; more are refused with 503 and come back. */
const MAX_WAITING = 20_000;

/** The proof of one socket. What was told to it counts from when it has shown that it arrived. */
export interface SocketCursor {
  /** Everything before these offsets has arrived. Never moves back. */
  prove(offsets: Offsets): void;
  proven(): Offsets;
  /** `goodbye`: the client closed it, and what it did not prove it does not want. Else it is kept for its next socket. */
  end(goodbye: boolean): void;
}

/** Where a device that names no cursor starts; `known`: that is where it was. */
export interface DeviceStart {
  readonly status: FoundCursor["status"];
  readonly offsets: Offsets;
}

/**
 * The cursors of devices. A device's cursor is the lowest of its sockets', and a socket that ended without a word stays
 * as the floor until the next one takes it up. They are kept in batches: nothing waits for it, and what a crash
 * forgets is the last second's proofs, never a floor.
 */
export interface DeviceCursors {
  /**
   * Where a device that names no cursor starts. One that was never here, or knows another log only, starts at
   * `beginning`, which is stored before this resolves. Rejects with `overloaded`, or `unavailable` when the database is.
   */
  find(key: DeviceKey, beginning: (status: "new" | "other log") => Offsets | Promise<Offsets>): Promise<DeviceStart>;
  /** How far any device of this user has got in this chat on sockets that show it alone; null: there was none. */
  furthest(userId: string, chatId: string): Promise<Offsets | null>;
  /** A socket opens. `exact`: the client itself has said where it is. */
  open(key: DeviceKey, start: Offsets, exact: boolean): SocketCursor;
  start(): Promise<void>;
  /** Stores what has not been stored. */
  stop(): Promise<void>;
}

interface Device extends DeviceKey {
  readonly sockets: Set<{ proven: Offsets }>;
  /** Where sockets that ended without a word had got. */
  floor: Offsets | null;
  /** Where those had got whose clients closed them; counts when no other is left. */
  closed: Offsets | null;
  takesUp: boolean;
  mayFall: boolean;
}

interface Asking {
  readonly key: DeviceKey;
  readonly beginning: (status: "new" | "other log") => Offsets | Promise<Offsets>;
  readonly settle: (start: DeviceStart) => void;
  readonly fail: (error: unknown) => void;
}

export interface DeviceCursorsOptions {
  readonly rows: DeviceCursorRows;
  readonly logger: Logger;
}

export function createDeviceCursors({ rows, logger }: DeviceCursorsOptions): DeviceCursors {
  const devices = new Map<string, Device>();
  let moved = new Set<Device>();
  let asking: Asking[] = [];
  /** One statement after the other, so that none overtakes a newer one of the same row. */
  let work: Promise<unknown> = Promise.resolve();
  const stopping = new AbortController();
  let storing: Promise<void> = Promise.resolve();

  function inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = work.then(step);
    work = done.catch(() => undefined);
    return done;
  }

  async function answerAll(): Promise<void> {
    const batch = asking.slice(0, MAX_PER_STATEMENT);
    asking = asking.slice(MAX_PER_STATEMENT);
    if (batch.length === 0) return;
    try {
      const found = await rows.find(batch.map(({ key }) => ({ ...key, held: heldOf(devices.get(nameOf(key))) })));
      const starts = await Promise.all(
        batch.map(async ({ beginning }, index): Promise<DeviceStart> => {
          const one = found[index] ?? { status: "new" };
          return one.status === "known" ? one : { status: one.status, offsets: await beginning(one.status) };
        }),
      );
      await storeNew(batch, starts);
      for (const [index, start] of starts.entries()) batch[index]?.settle(start);
    } catch (error) {
      logger.warn({ err: error }, "the cursors of devices cannot be read");
      for (const { fail } of batch) fail(new Rejection("unavailable", "The place of this device cannot be read."));
    }
  }

  /** Before anything is told to them: else a crash now would make them new again, and what comes until then be lost. */
  async function storeNew(batch: readonly Asking[], starts: readonly DeviceStart[]): Promise<void> {
    const fresh = new Map<string, HeldCursor>();
    starts.forEach(({ status, offsets }, index) => {
      const key = batch[index]?.key;
      if (key === undefined || status === "known") return;
      fresh.set(nameOf(key), { ...key, offsets, state: "left", takesUp: false, mayFall: true });
    });
    if (fresh.size > 0) await rows.store([...fresh.values()]);
  }

  async function storeAll(): Promise<void> {
    const all = [...moved];
    moved = new Set();
    for (let first = 0; first < all.length; first += MAX_PER_STATEMENT) {
      const batch = all.slice(first, first + MAX_PER_STATEMENT).map((device) => ({ device, held: heldCursor(device) }));
      for (const { device } of batch) device.takesUp = device.mayFall = false;
      try {
        await rows.store(batch.map(({ held }) => held));
        for (const { device } of batch) stored(device);
      } catch (error) {
        for (const { device, held } of batch) {
          device.takesUp ||= held.takesUp;
          device.mayFall ||= held.mayFall;
          moved.add(device);
        }
        throw error;
      }
    }
  }

  /** A device without a socket is forgotten once its row says all that is known of it. */
  function stored(device: Device): void {
    if (device.sockets.size === 0 && !moved.has(device)) devices.delete(nameOf(device));
  }

  async function storeAgainAndAgain(): Promise<void> {
    let prunedAt = -Infinity;
    while (!stopping.signal.aborted) {
      await sleep(STORE_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      try {
        await inTurn(async () => {
          await rows.seen();
          await storeAll();
          if (performance.now() - prunedAt < PRUNE_EVERY_MS) return;
          prunedAt = performance.now();
          await rows.prune();
        });
      } catch (error) {
        logger.warn({ err: error }, "the cursors of devices cannot be stored, it is tried again");
      }
    }
  }

  function deviceOf(key: DeviceKey): Device {
    const name = nameOf(key);
    let device = devices.get(name);
    if (device === undefined) {
      const { userId, deviceId, chatId } = key;
      const nothing = { floor: null, closed: null, takesUp: false, mayFall: false };
      device = { userId, deviceId, chatId, sockets: new Set(), ...nothing };
      devices.set(name, device);
    }
    return device;
  }

  return {
    find: (key, beginning) =>
      new Promise((settle, fail) => {
        if (asking.length >= MAX_WAITING) {
          fail(new Rejection("overloaded", "Too many devices come back at once."));
          return;
        }
        asking.push({ key, beginning, settle, fail });
        void inTurn(answerAll);
      }),

    async furthest(userId, chatId) {
      const keys = (await rows.devicesIn(userId, chatId)).map((deviceId) => ({ userId, deviceId, chatId }));
      const found = await rows.find(keys.map((key) => ({ ...key, held: heldOf(devices.get(nameOf(key))) })));
      const places = found.flatMap((one) => (one.status === "known" ? [one.offsets] : []));
      return places.length === 0 ? null : places.reduce(highest);
    },

    open(key, start, exact) {
      const device = deviceOf(key);
      const socket = { proven: start };
      device.sockets.add(socket);
      device.floor = null;
      device.closed = null;
      device.takesUp = true;
      device.mayFall ||= !exact;
      moved.add(device);
      return {
        prove(offsets) {
          if (!device.sockets.has(socket) || sameOffsets(offsets, socket.proven)) return;
          socket.proven = highest(socket.proven, offsets);
          moved.add(device);
        },
        proven: () => socket.proven,
        end(goodbye) {
          if (!device.sockets.delete(socket)) return;
          if (goodbye) device.closed = device.closed === null ? socket.proven : highest(device.closed, socket.proven);
          else device.floor = device.floor === null ? socket.proven : lowest(device.floor, socket.proven);
          moved.add(device);
        },
      };
    },

    async start() {
      await rows.seen();
      storing = storeAgainAndAgain();
    },

    async stop() {
      stopping.abort();
      await storing;
      await inTurn(storeAll).catch((error: unknown) => {
        logger.warn({ err: error }, "the last proofs of devices are not stored: they will be told again");
      });
    },
  };
}

const nameOf = ({ userId, deviceId, chatId }: DeviceKey): string => `${userId}\n${chatId ?? ""}\n${deviceId}`;

/** The lowest of all that counts; null when nothing does. */
function heldOf(device: Device | undefined): Offsets | null {
  if (device === undefined) return null;
  const places = [...device.sockets].map(({ proven }) => proven);
  if (device.floor !== null) places.push(device.floor);
  return places.length === 0 ? device.closed : places.reduce(lowest);
}

function heldCursor(device: Device): HeldCursor {
  const { userId, deviceId, chatId, takesUp, mayFall } = device;
  const state = device.sockets.size > 0 ? "open" : device.floor !== null ? "left" : "closed";
  return { userId, deviceId, chatId, offsets: heldOf(device) ?? [], state, takesUp, mayFall };
}
