import type { Service } from "../lifecycle.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Wakeup } from "../wakeup.ts";
import { changeShare } from "./fair-share.ts";
import { leaseMs, renewEveryMs, type Instance, type LeaseStore, type LeaseTable } from "./leases.ts";
import { ofAnotherKey, refuseBesideAnotherKey } from "./one-key.ts";

/** An instance that has tried its work for so long without success cannot do it: others are to have it within 4 s. */
const unableAfterMs = 1_500;
/** A partition that is given up is handed over after this, finished or not: what is still under way then meets the log's fence. */
const finishWithinMs = 500;
/** How long a planned stop waits for others to take what it gives up. */
const handOverWithinMs = 4_000;
/** How often it looks whether they have. */
const handOverStepMs = 20;
/** Beats that were asked for by others are at least this far apart. */
const minBeatGapMs = 10;

/** Where the work on a partition is done, as far as is known: here, there, or nowhere just now. */
export type Place =
  | { readonly at: "here" }
  | { readonly at: "there"; readonly url: string }
  /** `mayBeTaken`: nothing is known that keeps it from soon being somebody's. Else we have tried in vain, and no other is able. */
  | { readonly at: "nowhere"; readonly mayBeTaken: boolean };

/** What is told when partitions come and go. None of these may throw. */
export interface OwnershipEvents {
  /** We may begin: the lease is ours. */
  taken(partition: number): void;
  /** Resolves when what was accepted is finished; the lease is ours until then, or for `finishWithinMs`. */
  giveUp(partition: number): Promise<void>;
  /** The lease is another's already, or ran out: we were paused, or cut off. */
  lost(partition: number): void;
  /** Someone, we or others, has taken or given up something. */
  changed(): void;
}

export interface OwnershipDependencies {
  readonly store: LeaseStore;
  readonly partitions: number;
  readonly id: string;
  /** Where this instance takes what others forward; asked for at the start. */
  readonly url: () => string;
  /** What all instances must have alike, as `Instance` has it. Absent: there is no such thing. */
  readonly key?: string;
  /** Tries the work, or the least of it that proves it possible. */
  readonly tryWork: () => Promise<unknown>;
  readonly clock: { now(): number; sleep(ms: number): Promise<void> };
  /** Between the instances: the table has changed. */
  readonly changes: Wakeup;
  readonly events: OwnershipEvents;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
}

/**
 * Spreads partitions over the instances of one role by leases. It is about who works where and no more: two instances may both
 * think for a moment that a partition is theirs, and what keeps that harmless is the log's fence.
 *
 * A lease that could not be renewed is not dropped: while nobody can reach the table nobody can take over either. It is lost when
 * the table says so.
 */
export interface Ownership extends Service {
  placeOf(partition: number): Place;
  /** Whether the lease is surely ours at this moment: renewed less than `leaseMs` ago, by our own clock. */
  holds(partition: number): boolean;
  /** Looks at the table at once. */
  refresh(): void;
  /** Gives up everything, if there is somebody to take it, and waits until that is known everywhere. Alone it changes nothing. */
  handOver(): Promise<void>;
}

export function createOwnership(dependencies: OwnershipDependencies): Ownership {
  const { store, partitions, id, tryWork, clock, changes, events, log } = dependencies;
  /** By partition that is ours the moment up to which it surely is. */
  const held = new Map<number, number>();
  /** The same of those whose work is being finished. */
  const handingOver = new Map<number, number>();
  /** Their release is under way: they may be another's already, and are not claimed again before it is over. */
  const releasing = new Set<number>();
  const handOvers = new Set<Promise<void>>();
  let url = "";
  let awake = new AbortController();
  let stopped = false;
  let table: LeaseTable = { others: [], leases: [], renewed: new Set() };
  let leaving = false;
  /** Null when the last try succeeded and none is under way. */
  let tryingSince: number | null = -Infinity;
  let trying = false;
  let away = false;
  let stranger: string | undefined;
  let running: Promise<void> = Promise.resolve();

  const self = (): Instance => ({
    id,
    url,
    able: !leaving && (tryingSince === null || clock.now() - tryingSince < unableAfterMs),
    key: dependencies.key ?? null,
  });

  /** Who has only just begun to try, or leaves, has not. */
  const hasTriedInVain = (): boolean =>
    tryingSince !== null && Number.isFinite(tryingSince) && clock.now() - tryingSince >= unableAfterMs;

  /** One at a time: one that hangs says by its silence what it has to say. */
  async function tryTheWork(): Promise<void> {
    if (trying) return;
    trying = true;
    tryingSince ??= clock.now();
    try {
      await tryWork();
      tryingSince = null;
    } catch (error) {
      log.warn({ err: error }, "this instance cannot do its work now");
    }
    trying = false;
  }

  async function run(): Promise<void> {
    while (!stopped) {
      awake = new AbortController();
      // Asked before the beat: what is announced while it is under way is not slept over.
      const next = changes.next(untilNextBeat(), awake.signal);
      void tryTheWork();
      try {
        await beat();
        if (away) log.info({}, "leases can be renewed again");
        away = false;
      } catch (error) {
        if (!away)
          log.warn({ err: error }, "leases cannot be renewed; what is ours stays so until somebody else has it");
        away = true;
      }
      await next;
      await clock.sleep(minBeatGapMs);
    }
  }

  /** A lease of another that runs out is looked at then, not up to half a second later. */
  function untilNextBeat(): number {
    const others = table.leases.filter(({ owner }) => owner !== id).map(({ remainingMs }) => remainingMs);
    return Math.min(renewEveryMs, ...others.map((remainingMs) => Math.max(minBeatGapMs, remainingMs)));
  }

  async function beat(): Promise<void> {
    const before = places();
    const me = self();
    const keep = [...held.keys(), ...handingOver.keys()];
    const until = clock.now() + leaseMs;
    table = await store.beat(me, keep);
    noteStranger(me);
    for (const partition of keep) {
      const kept = table.renewed.has(partition);
      if (kept && held.has(partition)) held.set(partition, until);
      else if (kept && handingOver.has(partition)) handingOver.set(partition, until);
      else if (held.has(partition)) lose(partition);
    }
    const { giveUp, claim } = changeShare({
      partitions,
      self: me,
      table,
      held: new Set(held.keys()),
      handingOver: new Set([...handingOver.keys(), ...releasing]),
    });
    for (const partition of giveUp) startHandOver(partition);
    if (claim.length > 0) await take(me, claim);
    if (before !== places()) events.changed();
  }

  /** It refuses to start, or both are at work: then one of them was away when the other looked. Whoever looks at either log is told. */
  function noteStranger(me: Instance): void {
    const other = ofAnotherKey(me, table.others);
    if (other !== undefined && other.id !== stranger)
      log.error({ url: other.url }, "another instance has another SECRET_KEY: it must be the same for all");
    stranger = other?.id;
  }

  async function take(me: Instance, claim: readonly number[]): Promise<void> {
    const until = clock.now() + leaseMs;
    const taken = await store.claim(me, claim);
    for (const partition of taken) {
      held.set(partition, until);
      events.taken(partition);
    }
    if (taken.length > 0) changes.wake();
  }

  function lose(partition: number): void {
    held.delete(partition);
    const other = table.leases.find((lease) => lease.partition === partition && lease.owner !== id);
    if (other === undefined) log.warn({ partition }, "the lease had run out, and is nobody's now");
    else log.warn({ partition, url: other.url }, "the lease is another's");
    events.lost(partition);
  }

  function startHandOver(partition: number): void {
    handingOver.set(partition, held.get(partition) ?? clock.now());
    held.delete(partition);
    const done = handOverOne(partition).finally(() => handOvers.delete(done));
    handOvers.add(done);
  }

  async function handOverOne(partition: number): Promise<void> {
    await Promise.race([events.giveUp(partition), clock.sleep(finishWithinMs)]);
    handingOver.delete(partition);
    releasing.add(partition);
    try {
      await store.release(self(), [partition]);
    } catch (error) {
      log.warn({ err: error, partition }, "a lease could not be given up; it runs out by itself");
    }
    releasing.delete(partition);
    table = { ...table, leases: table.leases.filter((one) => one.partition !== partition || one.owner !== id) };
    events.changed();
    changes.wake();
  }

  function placeOf(partition: number): Place {
    if (held.has(partition)) return { at: "here" };
    const lease = table.leases.find((one) => one.partition === partition);
    if (lease !== undefined && lease.owner !== id) return { at: "there", url: lease.url };
    return { at: "nowhere", mayBeTaken: !hasTriedInVain() || table.others.some(({ able }) => able) };
  }

  const places = (): string => JSON.stringify(Array.from({ length: partitions }, (_, partition) => placeOf(partition)));

  const othersHaveAll = (): boolean =>
    Array.from({ length: partitions }, (_, partition) => placeOf(partition)).every(({ at }) => at === "there");

  return {
    name: "ownership",
    placeOf,
    holds: (partition) => clock.now() < (held.get(partition) ?? handingOver.get(partition) ?? -Infinity),
    refresh: () => awake.abort(),

    /**
     * Rejects when the table cannot be reached: a service that cannot begin should say so. `CannotStart` beside one that has
     * another key.
     */
    async start() {
      url = dependencies.url();
      await tryTheWork();
      await refuseBesideAnotherKey({ store, self: self(), clock });
      // Seen by the others first, and seeing them: two that start at once do not both begin by taking everything.
      table = await store.beat(self(), []);
      running = run();
    },

    async handOver() {
      leaving = true;
      const deadline = clock.now() + handOverWithinMs;
      awake.abort();
      const somebody = (): boolean => table.others.some(({ able }) => able);
      if (!somebody()) return;
      while (clock.now() < deadline && somebody() && !othersHaveAll()) await clock.sleep(handOverStepMs);
      // By then everybody has looked once more: nobody will send us anything.
      await clock.sleep(renewEveryMs);
    },

    async stop() {
      leaving = true;
      stopped = true;
      awake.abort();
      await running;
      for (const partition of [...held.keys()]) startHandOver(partition);
      await Promise.all(handOvers);
      await store.leave(self()).catch((error: unknown) => {
        log.warn({ err: error }, "leases could not be given up; they run out by themselves");
      });
      changes.wake();
    },
  };
}
