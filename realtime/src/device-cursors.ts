import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Rejection } from "@chat/shared/rejection";
import type { Logger } from "@chat/shared/telemetry/logger";
import type { DeviceCursorRows, DeviceKey, HeldSocket, StoredSocket } from "./device-cursors-rows.ts";
import { createDeviceSockets, nameOf, type SocketCursor } from "./device-sockets.ts";
import { highest, type Offsets } from "./offsets.ts";
import { standingOf, type Standing } from "./succession.ts";

/** What a crash of this instance can cost: so much is told again, nothing is lost. */
const STORE_EVERY_MS = 1_000;
/** Old devices are looked for so often, and first when an instance starts: the look goes through the whole table. */
const PRUNE_EVERY_MS = 3_600_000;
/** Rows in one statement: some hundred KiB. */
const MAX_PER_STATEMENT = 1_000;
/**
 * When hundreds open at one moment, or prove what all have just been told, storing them takes this process and the database
 * some tenths of a second. Messages do not stand behind that: it goes in portions with a rest between, so many at most.
 */
const PORTION = 50;
const MAX_PORTIONS = 20;
const REST_MS = 20;
/** Handshakes that wait for their cursor; more are refused with 503 and come back. */
const MAX_WAITING = 20_000;

/** Where a device that names no cursor starts; `known`: that is where it was. */
export interface DeviceStart {
  readonly status: "known" | "new" | "other log";
  readonly offsets: Offsets;
}

/**
 * The cursors of devices: where each of their sockets has got, which `standingOf` makes one place of. They are kept in
 * batches: nothing waits for it, and what a crash forgets is the proofs of the last second or two, never a place that somebody is owed.
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

interface Asking {
  readonly key: DeviceKey;
  readonly beginning: (status: "new" | "other log") => Offsets | Promise<Offsets>;
  readonly settle: (start: DeviceStart) => void;
  readonly fail: (error: unknown) => void;
}

interface DeviceStanding extends Standing {
  /** Something of another log is stored. */
  readonly foreign: boolean;
}

export interface DeviceCursorsOptions {
  readonly rows: DeviceCursorRows;
  readonly logger: Logger;
}

export function createDeviceCursors({ rows, logger }: DeviceCursorsOptions): DeviceCursors {
  const sockets = createDeviceSockets();
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

  /** None when it is to stop. */
  async function pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  }

  async function answerAll(): Promise<void> {
    const batch = asking.slice(0, MAX_PER_STATEMENT);
    asking = asking.slice(MAX_PER_STATEMENT);
    if (batch.length === 0) return;
    try {
      const found = await find(
        batch.map(({ key }) => key),
        "handshake",
      );
      const starts = await Promise.all(
        batch.map(async ({ beginning }, index): Promise<DeviceStart> => {
          const { offsets = null, foreign = false } = found[index] ?? {};
          if (offsets !== null) return { status: "known", offsets };
          const status = foreign ? "other log" : "new";
          return { status, offsets: await beginning(status) };
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
    const now = sockets.now();
    const fresh = new Map<string, HeldSocket>();
    starts.forEach(({ status, offsets }, index) => {
      const key = batch[index]?.key;
      if (key === undefined || status === "known") return;
      const beginning = { socket: randomUUID(), offsets, state: "left", exact: false, isNew: true } as const;
      fresh.set(nameOf(key), { ...key, ...beginning, beganAt: now, aliveAt: now });
    });
    if (fresh.size > 0) await rows.store([...fresh.values()]);
  }

  /** Where these devices stand, by what is stored and by what this instance has in memory, which is newer. */
  async function find(keys: readonly DeviceKey[], why: "handshake" | "upkeep"): Promise<readonly DeviceStanding[]> {
    const found = await rows.find(keys, why);
    return keys.map((key, index) => standing(key, found[index] ?? []));
  }

  function standing(key: DeviceKey, stored: readonly StoredSocket[]): DeviceStanding {
    const ofThisLog = stored.filter((socket) => socket.ofThisLog);
    const others = stored.filter((socket) => !socket.ofThisLog).map(({ socket }) => socket);
    const stands = standingOf(sockets.factsOf(key, ofThisLog), sockets.now());
    const over = stands.offsets === null ? stands.over : [...stands.over, ...others];
    return { ...stands, over, foreign: others.length > 0 };
  }

  async function storeAll(): Promise<void> {
    const all = sockets.takeMoved();
    const changed = new Map<string, DeviceKey>();
    for (const [done, portion] of inPortions(all)) {
      if (done > 0) await pause(REST_MS);
      try {
        await inTurn(() => rows.store(portion.map(({ held }) => held)));
      } catch (error) {
        for (const { failed } of all.slice(done)) failed();
        throw error;
      }
      for (const { held, stored } of portion) if (stored()) changed.set(nameOf(held), held);
    }
    for (const [, portion] of inPortions([...changed.values()])) {
      await pause(REST_MS);
      await inTurn(() => tidy(portion));
    }
  }

  /** Of a device where a socket came or went no more is kept than counts. */
  async function tidy(keys: readonly DeviceKey[]): Promise<void> {
    const standings = await find(keys, "upkeep");
    const successions = standings.flatMap((one) => one.successions);
    const over = standings.flatMap((one) => one.over);
    if (successions.length > 0 || over.length > 0) await rows.tidy({ successions, over });
  }

  async function storeAgainAndAgain(): Promise<void> {
    let prunedAt = -Infinity;
    while (!stopping.signal.aborted) {
      await pause(STORE_EVERY_MS);
      try {
        await inTurn(seen);
        await storeAll();
        if (performance.now() - prunedAt < PRUNE_EVERY_MS) continue;
        prunedAt = performance.now();
        await inTurn(rows.prune);
      } catch (error) {
        logger.warn({ err: error }, "the cursors of devices cannot be stored, it is tried again");
      }
    }
  }

  async function seen(): Promise<void> {
    const askedAt = performance.now();
    sockets.setClock({ askedAt, at: await rows.seen(), answeredAt: performance.now() });
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
      const places = (await find(keys, "handshake")).flatMap(({ offsets }) => (offsets === null ? [] : [offsets]));
      return places.length === 0 ? null : places.reduce(highest);
    },

    open: sockets.open,

    async start() {
      await seen();
      sockets.start();
      storing = storeAgainAndAgain();
    },

    async stop() {
      stopping.abort();
      await storing;
      sockets.stop();
      await storeAll().catch((error: unknown) => {
        logger.warn({ err: error }, "the last proofs of devices are not stored: they will be told again");
      });
    },
  };
}

/** In order, each with the number of those before it. */
function* inPortions<T>(all: readonly T[]): Generator<readonly [number, readonly T[]]> {
  const size = Math.min(Math.max(PORTION, Math.ceil(all.length / MAX_PORTIONS)), MAX_PER_STATEMENT);
  for (let first = 0; first < all.length; first += size) yield [first, all.slice(first, first + size)];
}
