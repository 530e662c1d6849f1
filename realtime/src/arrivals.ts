import type { Position } from "@chat/shared/log/position";
import { Rejection } from "@chat/shared/rejection";
import type { Logger } from "@chat/shared/telemetry/logger";
import { membershipChangeOf } from "./audience.ts";
import type { AudienceRows, Membership } from "./audience-rows.ts";
import type { Person, Rooms } from "./rooms.ts";
import type { Tail } from "./tail.ts";
import type { EventWindow } from "./window.ts";

/** Users whose chats are read in one statement; the others wait for the next one. */
const MAX_USERS_PER_READ = 500;
/** Longer than a reading takes, shorter than a client waits for its handshake. */
const ARRIVE_WITHIN_MS = 5_000;

export interface ArrivalsOptions {
  readonly rows: AudienceRows;
  readonly window: EventWindow;
  readonly rooms: Rooms;
  readonly tail: Pick<Tail, "between" | "stopped">;
  readonly logger: Logger;
}

/**
 * Brings users in without a gap. The rows say who was in which chat at the checkpoints; the window says what has
 * happened from there up to what was pushed last; and the user is entered between two batches, so the next event that
 * is pushed finds him where he belongs, and none before it was missed or comes twice.
 */
export interface Arrivals {
  /**
   * Calls `enter` with the person, at a moment between two batches. Rejects with `unavailable` when the chats cannot be
   * found out in time; `enter` is not called then.
   */
  arrive(userId: string, enter: (person: Person) => void): Promise<void>;
  /**
   * Those who came while a partition stood still that the read models had got past, since the last call: where it goes on
   * they would be told too much or too little.
   */
  takeAhead(): readonly Person[];
}

interface Arrival {
  readonly userId: string;
  readonly enter: (person: Person) => void;
  readonly fail: (error: Rejection) => void;
  over: boolean;
}

export function createArrivals({ rows, window, rooms, tail, logger }: ArrivalsOptions): Arrivals {
  let waiting: Arrival[] = [];
  let reading = false;
  /** By user: who is gone and comes again is another person. */
  let ahead = new Map<string, Person>();

  async function readForAllWhoWait(): Promise<void> {
    if (reading) return;
    reading = true;
    try {
      while (waiting.length > 0) {
        const arrivals = waiting.slice(0, MAX_USERS_PER_READ).filter((arrival) => !arrival.over);
        waiting = waiting.slice(MAX_USERS_PER_READ);
        const again = await readFor(arrivals);
        waiting.push(...again);
      }
    } finally {
      reading = false;
    }
  }

  /** Hands back those for whom it must be read again. */
  async function readFor(arrivals: readonly Arrival[]): Promise<readonly Arrival[]> {
    try {
      const userIds = [...new Set(arrivals.map((arrival) => arrival.userId))];
      const found = await rows.memberships(userIds);
      return await new Promise((resolve) => {
        tail.between(() => {
          if (arrivals.every((arrival) => arrival.over)) return settle([]);
          const chats = bringToPresent(userIds, found.rows, found.positions);
          if (chats === "not yet") return false;
          if (chats === "too old") return settle(arrivals);
          const isAhead = isBehindRows(found.positions);
          for (const arrival of arrivals) enter(arrival, chats, isAhead);
          return settle([]);
        });
        function settle(again: readonly Arrival[]): true {
          resolve(again);
          return true;
        }
      });
    } catch (error) {
      logger.warn({ err: error }, "the chats of those who connect cannot be read");
      const rejection = new Rejection("unavailable", "The chats of this user cannot be read right now.");
      for (const arrival of arrivals) arrival.fail(rejection);
      return [];
    }
  }

  function enter(arrival: Arrival, chats: ReadonlyMap<string, Set<string>>, isAhead: boolean): void {
    if (arrival.over) return;
    const { userId } = arrival;
    // Another device of his may have come in while we read: then his chats are in the rooms already.
    const person = rooms.person(userId) ?? rooms.enter(userId, chats.get(userId) ?? []);
    if (isAhead) ahead.set(userId, person);
    arrival.enter(person);
  }

  /** Only of a partition that stands still: for the others `bringToPresent` waits. */
  function isBehindRows(positions: ReadonlyMap<number, Position>): boolean {
    return [...window.ends()].some(([partition, end]) => (positions.get(partition)?.offset ?? 0) > end.offset);
  }

  /** With another device of his here, his chats are known. */
  function enterIfHere(arrival: Arrival): boolean {
    const person = rooms.person(arrival.userId);
    if (person === undefined) return false;
    arrival.enter(person);
    return true;
  }

  /**
   * Rows at their checkpoints ⊕ the window from there on. `not yet`: the rows know what was not pushed yet; `too old`:
   * the window was cut meanwhile.
   */
  function bringToPresent(
    userIds: readonly string[],
    found: readonly Membership[],
    positions: ReadonlyMap<number, Position>,
  ): ReadonlyMap<string, Set<string>> | "not yet" | "too old" {
    const chats = new Map<string, Set<string>>(userIds.map((userId) => [userId, new Set()]));
    for (const { userId, chatIds } of found) chats.set(userId, new Set(chatIds));
    for (const [partition, end] of window.ends()) {
      const readUpTo = positions.get(partition)?.offset ?? 0;
      // A partition that stopped never gets there, and nothing of it is pushed that could be too much or too little.
      if (readUpTo > end.offset && !tail.stopped().has(partition)) return "not yet";
      const since = window.from(partition, readUpTo);
      if (since === null) return "too old";
      for (const { record } of since) {
        const { joined, gone } = membershipChangeOf(record.event);
        for (const userId of joined) chats.get(userId)?.add(record.chatId);
        for (const userId of gone === "everybody" ? userIds : gone) chats.get(userId)?.delete(record.chatId);
      }
    }
    return chats;
  }

  return {
    takeAhead() {
      const people = [...ahead.values()];
      ahead = new Map();
      return people;
    },

    arrive: (userId, enterAs) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => arrival.fail(new Rejection("unavailable", "The chats of this user could not be read in time.")),
          ARRIVE_WITHIN_MS,
        );
        const end = (): void => {
          arrival.over = true;
          clearTimeout(timer);
        };
        const arrival: Arrival = {
          userId,
          over: false,
          enter(person) {
            end();
            enterAs(person);
            resolve();
          },
          fail(error) {
            end();
            reject(error);
          },
        };
        tail.between(() => {
          if (!arrival.over && !enterIfHere(arrival)) {
            waiting.push(arrival);
            void readForAllWhoWait();
          }
          return true;
        });
      }),
  };
}
