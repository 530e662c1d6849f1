import { setTimeout as sleep } from "node:timers/promises";
import type { UserObject } from "@chat/shared/api/user-object";
import { partitionOf } from "@chat/shared/partitions/partition-of";
import type { Position } from "@chat/shared/log/position";
import type { LiveRows } from "@chat/shared/read-model/read-live";
import type { Logger } from "@chat/shared/telemetry/logger";
import { membershipChangeOf } from "../audience.ts";
import { type Circle, MAX_CIRCLE_MEMBERS, type ReadCircles } from "../audience-circles.ts";
import type { AudienceRows } from "../audience-rows.ts";
import type { Device, Person, Rooms } from "../rooms.ts";
import type { Tail, TailBatch } from "../tail.ts";
import type { EventWindow } from "../window.ts";
import { offerTo, offerToDevice } from "./offer.ts";
import type { SignalTelling } from "./signal-telling.ts";

/** Of those who changed, who connected and who was let in, so many each share one statement. */
const MAX_USERS_PER_READ = 50;
/** Somebody who changes his name again and again is told of once a second. */
const PROFILES_EVERY_MS = 1_000;
/** Who waits to be told or told of; above, the one who has waited longest is not. */
const MAX_WAITING = 50_000;
/** What a device is told of who is online when it connects: as many as a person knows. */
const MAX_TOLD_AT_START = 500;
/** The projector has an event within milliseconds; when it lags for longer, newcomers are told at the next change. */
const MAX_LOOKS_FOR_AN_EVENT = 50;
/** After a failure: the database is away. */
const RETRY_MS = 500;

/** Somebody was let into a chat by the event at this offset. */
interface Newcomer {
  readonly userId: string;
  readonly chatId: string;
  readonly offset: number;
  looks: number;
}

export interface AcquaintancesOptions {
  readonly readCircles: ReadCircles;
  readonly rows: Pick<AudienceRows, "memberships">;
  readonly rooms: Rooms;
  readonly window: EventWindow;
  readonly tail: Pick<Tail, "between">;
  readonly isOnline: (userId: string) => boolean;
  readonly logger: Logger;
  readonly counted: (frames: number) => void;
}

/**
 * Tells people of those with whom they share a chat. Who shares one with whom is in the read models; who of them is
 * connected here and in the chat now, the rooms say at the moment of telling, so who was removed hears nothing more.
 */
export interface Acquaintances {
  statusChanged(userId: string): void;
  /** It is told who is online once it hears what all hear. */
  connected(device: Device, person: Person): void;
  profileChanged(user: UserObject): void;
  /** Of a batch that was told just now: who was let in is told of the others, and they of him. */
  sawBatch(batch: TailBatch): void;
  /** Tells what has gathered, if nothing is on its way. */
  tick(): void;
  stop(): Promise<void>;
}

export function createAcquaintances(options: AcquaintancesOptions): Acquaintances {
  const { readCircles, rows, rooms, window, tail, isOnline, logger, counted } = options;
  const partitions = window.ends().size;
  const statuses = new Map<string, true>();
  const devices = new Map<Device, Person>();
  const newcomers = new Map<string, Newcomer>();
  const profiles = new Map<string, UserObject>();
  let telling: Promise<void> | undefined;
  let toldProfilesAt = -Infinity;
  let stopped = false;

  async function tellAll(): Promise<void> {
    try {
      if (performance.now() - toldProfilesAt >= PROFILES_EVERY_MS) await tellProfiles(take(profiles, () => true));
      for (;;) {
        const batch = {
          statuses: take(statuses, () => true),
          devices: take(devices, (device, person) => !person.catchingUp.has(device)),
          newcomers: take(newcomers, () => true),
        };
        const userIds = new Set([
          ...batch.statuses.map(([userId]) => userId),
          ...batch.devices.map(([, { userId }]) => userId),
          ...batch.newcomers.map(([, { userId }]) => userId),
        ]);
        if (userIds.size === 0 || stopped) return;
        const found = await readCircles([...userIds]);
        const again = await betweenBatches(() => tellBatch(batch, found));
        for (const newcomer of again) newcomers.set(`${newcomer.userId} ${newcomer.chatId}`, newcomer);
        if (again.length > 0) return;
      }
    } catch (error) {
      logger.warn({ err: error }, "who shares a chat with whom cannot be read; presence is told later");
      await sleep(RETRY_MS);
    }
  }

  interface Batch {
    readonly statuses: readonly (readonly [string, true])[];
    readonly devices: readonly (readonly [Device, Person])[];
    readonly newcomers: readonly (readonly [string, Newcomer])[];
  }

  /** Hands back those of whom the rows do not know yet. */
  function tellBatch(batch: Batch, { rows: all, positions }: LiveRows<Circle>): readonly Newcomer[] {
    const gone = goneSince(positions);
    const circles = Map.groupBy(
      all.filter(({ userId, chatId }) => !gone(userId, chatId)),
      ({ userId }) => userId,
    );
    const present = ({ memberIds, chatId, userId }: Circle): string[] =>
      memberIds.filter((id) => id !== userId && isOnline(id) && !gone(id, chatId));

    for (const [userId] of batch.statuses) {
      const people = (circles.get(userId) ?? []).flatMap(({ chatId }) => [...(rooms.people(chatId) ?? [])]);
      counted(offerTo(except(userId, people), statusOf(userId)));
    }
    for (const [device, person] of batch.devices) {
      if (!person.devices.has(device)) continue;
      const circlesNow = (circles.get(person.userId) ?? []).filter(({ chatId }) => person.chats.has(chatId));
      const ids = [...new Set(circlesNow.flatMap(present))].slice(0, MAX_TOLD_AT_START);
      for (const id of ids) counted(offerToDevice(device, statusOf(id)));
    }
    return batch.newcomers.flatMap(([, newcomer]) => {
      const { userId, chatId, offset } = newcomer;
      if ((positions.get(partitionOf(chatId, partitions))?.offset ?? 0) <= offset) {
        newcomer.looks += 1;
        return newcomer.looks < MAX_LOOKS_FOR_AN_EVENT ? [newcomer] : [];
      }
      const circle = circles.get(userId)?.find((one) => one.chatId === chatId);
      if (circle === undefined) return [];
      if (isOnline(userId)) counted(offerTo(except(userId, rooms.people(chatId) ?? []), statusOf(userId)));
      const person = rooms.person(userId);
      if (person?.chats.has(chatId) === true) {
        for (const id of present(circle)) counted(offerTo([person], statusOf(id)));
      }
      return [];
    });
  }

  /** The rows may be older than what was told here: who has gone since is no acquaintance any more. */
  function goneSince(positions: ReadonlyMap<number, Position>): (userId: string, chatId: string) => boolean {
    const gone = new Set<string>();
    for (const partition of window.ends().keys()) {
      const offset = Math.max(positions.get(partition)?.offset ?? 0, window.start(partition));
      for (const { record } of window.from(partition, offset) ?? []) {
        const change = membershipChangeOf(record.event);
        if (change.gone === "everybody") gone.add(record.chatId);
        else for (const userId of change.gone) gone.add(`${userId} ${record.chatId}`);
      }
    }
    return (userId, chatId) => gone.has(chatId) || gone.has(`${userId} ${chatId}`);
  }

  async function tellProfiles(changed: readonly (readonly [string, UserObject])[]): Promise<void> {
    if (changed.length === 0) return;
    toldProfilesAt = performance.now();
    const found = await rows.memberships(changed.map(([userId]) => userId));
    await betweenBatches(() => {
      const gone = goneSince(found.positions);
      for (const [userId, user] of changed) {
        const chatIds = found.rows.find((row) => row.userId === userId)?.chatIds ?? [];
        const own = rooms.person(userId);
        const people = chatIds
          .filter((chatId) => !gone(userId, chatId))
          .flatMap((chatId) => [...(rooms.people(chatId) ?? [])]);
        counted(offerTo(new Set(own === undefined ? people : [own, ...people]), { kind: "user_updated", user }));
      }
    });
  }

  function betweenBatches<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      tail.between(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
        return true;
      });
    });
  }

  function statusOf(userId: string): SignalTelling {
    return { kind: "presence", userId, status: isOnline(userId) ? "online" : "offline" };
  }

  return {
    statusChanged: (userId) => keep(statuses, userId, true),
    connected: (device, person) => keep(devices, device, person),
    profileChanged: (user) => keep(profiles, user.id, user),

    sawBatch({ events }) {
      for (const { record, offset } of events) {
        const { joined } = membershipChangeOf(record.event);
        const { chatId } = record;
        if (joined.length > MAX_CIRCLE_MEMBERS || rooms.people(chatId) === undefined) continue;
        for (const userId of joined) {
          if (isOnline(userId)) keep(newcomers, `${userId} ${chatId}`, { userId, chatId, offset, looks: 0 });
        }
      }
    },

    tick() {
      if (telling !== undefined || stopped) return;
      if (statuses.size + devices.size + newcomers.size + profiles.size === 0) return;
      telling = tellAll().finally(() => (telling = undefined));
    },

    async stop() {
      stopped = true;
      await telling;
    },
  };
}

function keep<Key, Value>(waiting: Map<Key, Value>, key: Key, value: Value): void {
  const [oldest] = waiting.size >= MAX_WAITING ? waiting.keys() : [];
  if (oldest !== undefined) waiting.delete(oldest);
  waiting.set(key, value);
}

/** Takes the first that are ready. */
function take<Key, Value>(
  waiting: Map<Key, Value>,
  isReady: (key: Key, value: Value) => boolean,
): readonly (readonly [Key, Value])[] {
  const taken: (readonly [Key, Value])[] = [];
  for (const [key, value] of waiting) {
    if (taken.length === MAX_USERS_PER_READ) break;
    if (!isReady(key, value)) continue;
    waiting.delete(key);
    taken.push([key, value]);
  }
  return taken;
}

function except(userId: string, people: Iterable<Person>): ReadonlySet<Person> {
  return new Set([...people].filter((person) => person.userId !== userId));
}
