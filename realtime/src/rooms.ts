import type { Protocol } from "./protocols/protocol.ts";

/** A device as those who tell it things see it. */
export interface Device {
  readonly protocol: Protocol;
  /** The chats that it shows; null: all of its user's. */
  readonly shown: ReadonlySet<string> | null;
  /** Takes one whole WebSocket frame. */
  push(frame: Buffer): void;
  /** The same for what nobody misses: it is left out where much waits already. */
  offer(frame: Buffer): void;
  /** A chat that it shows is its user's no more. He was told so; nothing of the chat follows. */
  lost(chatId: string): void;
}

/** A user with at least one socket here, and the chats that he is in. */
export interface Person {
  readonly userId: string;
  /** Those that hear what happens. */
  readonly devices: Set<Device>;
  /** Those that are still told what they missed. */
  readonly catchingUp: Set<Device>;
  readonly chats: Set<string>;
}

/**
 * Who of those connected here is in which chat, as of the events that were pushed. Chats and users of which nobody is
 * connected take no place.
 */
export interface Rooms {
  person(userId: string): Person | undefined;
  /** A user arrives, with the chats that he is in. */
  enter(userId: string, chatIds: Iterable<string>): Person;
  /**
   * A user may have no device here any more. His chats are kept for a while all the same: whoever was cut off comes
   * back, and is let in then without a look at the database.
   */
  exitIfAlone(person: Person): void;
  /** What is known of his chats does not hold any more: whoever of his comes next is looked up. */
  forget(person: Person): void;
  /** The members of a chat that are connected here. */
  people(chatId: string): ReadonlySet<Person> | undefined;
  join(person: Person, chatId: string): void;
  leave(person: Person, chatId: string): void;
}

/** Longer than a client waits between its first attempts to come back. */
const KEEP_ALONE_MS = 60_000;
/** So many at most, the newest: with a hundred chats each they take some 100 MiB. */
const MAX_ALONE = 10_000;

export function createRooms(now: () => number = () => performance.now()): Rooms {
  const people = new Map<string, Person>();
  const rooms = new Map<string, Set<Person>>();
  /** Who has left with his last device, and when, in that order. */
  const alone = new Map<Person, number>();

  function join(person: Person, chatId: string): void {
    person.chats.add(chatId);
    const room = rooms.get(chatId);
    if (room === undefined) rooms.set(chatId, new Set([person]));
    else room.add(person);
  }

  function leave(person: Person, chatId: string): void {
    person.chats.delete(chatId);
    const room = rooms.get(chatId);
    if (room?.delete(person) === true && room.size === 0) rooms.delete(chatId);
  }

  function forgetThoseLongAlone(): void {
    for (const [person, since] of alone) {
      if (alone.size <= MAX_ALONE && now() - since < KEEP_ALONE_MS) return;
      alone.delete(person);
      // He may have come back meanwhile.
      if (isAlone(person)) forget(person);
    }
  }

  function forget(person: Person): void {
    if (people.get(person.userId) === person) people.delete(person.userId);
    for (const chatId of [...person.chats]) leave(person, chatId);
  }

  return {
    person: (userId) => people.get(userId),

    enter(userId, chatIds) {
      forgetThoseLongAlone();
      const person: Person = { userId, devices: new Set(), catchingUp: new Set(), chats: new Set() };
      people.set(userId, person);
      for (const chatId of chatIds) join(person, chatId);
      return person;
    },

    exitIfAlone(person) {
      if (!isAlone(person) || people.get(person.userId) !== person) return;
      alone.delete(person);
      alone.set(person, now());
      forgetThoseLongAlone();
    },

    forget,

    people: (chatId) => rooms.get(chatId),
    join,
    leave,
  };
}

const isAlone = ({ devices, catchingUp }: Person): boolean => devices.size === 0 && catchingUp.size === 0;
