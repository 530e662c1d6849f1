import type { EveryoneSignal, PresenceSignal } from "@chat/shared/signals/signal";

/** Four beats: with what it takes to find out whom that concerns, a crash is known to all within three seconds. */
const LOST_AFTER_MS = 2_000;
/** Who does not hear even his own beats is deaf, and does not judge others by their silence. */
const DEAF_AFTER_MS = 1_200;
/** Nobody knows who is elsewhere after so long. */
const FORGET_AFTER_MS = 30_000;
/** The answer goes to all, and takes a moment. */
const ASK_EVERY_MS = 1_000;
/** More than anybody runs. Who is at further ones counts as offline. */
const MAX_INSTANCES = 200;
/** As many as an instance tells of. */
const MAX_USERS_PER_INSTANCE = 100_000;

interface Options {
  /** Somebody is at one more instance, or at one less. */
  readonly add: (userId: string) => void;
  readonly remove: (userId: string) => void;
  /** This instance is to say who is there. */
  readonly ask: (instance: string) => void;
  readonly now: () => number;
}

interface Other {
  /** Of the last signal that was taken. */
  number: number;
  users: Set<string>;
  heardAt: number;
  askedAt: number;
  /** Parts of the whole that came so far. */
  whole: { readonly number: number; nextPart: number; readonly users: Set<string> } | null;
}

/** Who is at the other instances, as far as they could be heard. */
export interface OtherInstances {
  hear(signal: PresenceSignal): void;
  heardOwnBeat(): void;
  tick(): void;
}

export function createOtherInstances({ add, remove, ask, now }: Options): OtherInstances {
  const others = new Map<string, Other>();
  let ownBeatAt = -Infinity;
  /** From then on nothing can have been missed for long. */
  let hearingSince = Infinity;

  function otherOf(instance: string): Other | null {
    const known = others.get(instance);
    if (known !== undefined || others.size >= MAX_INSTANCES) return known ?? null;
    const other = { number: 0, users: new Set<string>(), heardAt: now(), askedAt: -Infinity, whole: null };
    others.set(instance, other);
    return other;
  }

  function askOnce(instance: string, other: Other): void {
    if (now() - other.askedAt < ASK_EVERY_MS) return;
    other.askedAt = now();
    ask(instance);
  }

  function come({ users }: Other, userId: string): void {
    if (users.has(userId) || users.size >= MAX_USERS_PER_INSTANCE) return;
    users.add(userId);
    add(userId);
  }

  function go({ users }: Other, userId: string): void {
    if (users.delete(userId)) remove(userId);
  }

  function takeWhole(other: Other, { number, part, parts, users }: EveryoneSignal): void {
    if (part === 0) other.whole = { number, nextPart: 0, users: new Set() };
    const { whole } = other;
    if (whole === null) return;
    if (whole.number !== number || whole.nextPart !== part) return;
    whole.nextPart += 1;
    for (const userId of users) whole.users.add(userId);
    if (whole.nextPart < parts) return;
    other.whole = null;
    other.number = number;
    for (const userId of [...other.users]) if (!whole.users.has(userId)) go(other, userId);
    for (const userId of whole.users) come(other, userId);
  }

  function lose(instance: string, { users }: Other): void {
    others.delete(instance);
    for (const userId of users) remove(userId);
  }

  return {
    hear(signal) {
      if (signal.type === "ask") return;
      const other = otherOf(signal.instance);
      if (other === null) return;
      other.heardAt = now();
      if (signal.type === "everyone") {
        takeWhole(other, signal);
      } else if (signal.type === "online" && signal.number === other.number + 1) {
        other.number = signal.number;
        for (const userId of signal.came) come(other, userId);
        for (const userId of signal.gone) go(other, userId);
      } else if (signal.number !== other.number) {
        askOnce(signal.instance, other);
      }
    },

    heardOwnBeat() {
      if (now() - ownBeatAt > DEAF_AFTER_MS) hearingSince = now();
      ownBeatAt = now();
    },

    tick() {
      const silence = now() - ownBeatAt;
      if (silence > DEAF_AFTER_MS && silence < FORGET_AFTER_MS) return;
      for (const [instance, other] of [...others]) {
        const heardAt = silence > DEAF_AFTER_MS ? other.heardAt : Math.max(other.heardAt, hearingSince);
        if (now() - heardAt >= LOST_AFTER_MS) lose(instance, other);
      }
    },
  };
}
