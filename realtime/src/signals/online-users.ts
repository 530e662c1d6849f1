import { MAX_USERS_PER_SIGNAL, type PresenceSignal } from "@chat/shared/signals/signal";
import { createOtherInstances } from "./other-instances.ts";

/** How often an instance says that it is alive. */
const BEAT_MS = 500;
/** Whoever comes back within this time, to whichever instance, was not away. */
const GRACE_MS = 2_000;
/** Everybody is told as a whole at most this often, however many ask. */
const WHOLE_EVERY_MS = 500;
/** Of those who are here; at more than this the others of an instance are told to be offline. */
const MAX_USERS = 100_000;

export interface OnlineUsersOptions {
  /** Of this life of this instance. */
  readonly instance: string;
  readonly publish: (signal: PresenceSignal) => void;
  /** Somebody came or went, everywhere; at most once for each time that it is so. */
  readonly changed: (userId: string) => void;
  readonly now?: () => number;
}

/**
 * Who has a socket, on any instance. Each instance tells the others who comes and goes, in numbered signals, and beats.
 * Who hears a number that does not fit has missed something, and asks for the whole. Whose beats are missed is gone,
 * and his users with him, unless they are elsewhere.
 */
export interface OnlineUsers {
  isOnline(userId: string): boolean;
  count(): number;
  /** His first socket on this instance is open; his last one is closed. */
  came(userId: string): void;
  left(userId: string): void;
  hear(signal: PresenceSignal): void;
  /** To be called several times a second. */
  tick(): void;
}

export function createOnlineUsers({
  instance,
  publish,
  changed,
  now = () => performance.now(),
}: OnlineUsersOptions): OnlineUsers {
  /** By user, on how many instances he is. */
  const places = new Map<string, number>();
  const here = new Set<string>();
  /** Who has no socket here any more, and since when, in that order. */
  const leaving = new Map<string, number>();
  /** What is to be told: came (true) or gone. */
  const news = new Map<string, boolean>();
  let number = 0;
  let beatAt = -Infinity;
  let toldWholeAt = -Infinity;
  let wholeIsAsked = false;

  function add(userId: string): void {
    const before = places.get(userId) ?? 0;
    places.set(userId, before + 1);
    if (before === 0) changed(userId);
  }

  function remove(userId: string): void {
    const left = (places.get(userId) ?? 0) - 1;
    if (left > 0) places.set(userId, left);
    else if (places.delete(userId)) changed(userId);
  }

  const others = createOtherInstances({ add, remove, ask: (of) => publish({ type: "ask", instance: of }), now });

  function letGo(): void {
    for (const [userId, since] of leaving) {
      if (now() - since < GRACE_MS) return;
      leaving.delete(userId);
      here.delete(userId);
      news.set(userId, false);
      remove(userId);
    }
  }

  function tellNews(): void {
    const all = [...news];
    news.clear();
    for (let first = 0; first < all.length; first += MAX_USERS_PER_SIGNAL) {
      const some = all.slice(first, first + MAX_USERS_PER_SIGNAL);
      const named = (isHere: boolean): string[] => some.filter((one) => one[1] === isHere).map(([userId]) => userId);
      number += 1;
      publish({ type: "online", instance, number, came: named(true), gone: named(false) });
    }
  }

  function tellWhole(): void {
    const all = [...here];
    const parts = Math.max(1, Math.ceil(all.length / MAX_USERS_PER_SIGNAL));
    for (let part = 0; part < parts; part += 1) {
      const users = all.slice(part * MAX_USERS_PER_SIGNAL, (part + 1) * MAX_USERS_PER_SIGNAL);
      publish({ type: "everyone", instance, number, part, parts, users });
    }
  }

  return {
    isOnline: (userId) => places.has(userId),
    count: () => places.size,

    came(userId) {
      leaving.delete(userId);
      if (here.has(userId) || here.size >= MAX_USERS) return;
      here.add(userId);
      news.set(userId, true);
      add(userId);
    },

    left(userId) {
      if (here.has(userId)) leaving.set(userId, now());
    },

    hear(signal) {
      if (signal.instance !== instance) others.hear(signal);
      else if (signal.type === "ask") wholeIsAsked = true;
      else if (signal.type === "beat") others.heardOwnBeat();
    },

    tick() {
      letGo();
      tellNews();
      if (wholeIsAsked && now() - toldWholeAt >= WHOLE_EVERY_MS) {
        wholeIsAsked = false;
        toldWholeAt = now();
        tellWhole();
      }
      if (now() - beatAt >= BEAT_MS) {
        beatAt = now();
        publish({ type: "beat", instance, number });
      }
      others.tick();
    },
  };
}
