import { describe, expect, it } from "@jest/globals";
import { leaseMs, type Instance, type Lease, type LeaseStore } from "./leases.ts";
import { createOwnership, type Ownership } from "./ownership.ts";

const partitions = 16;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The shipped ownership, several of it, over a table in memory whose answers come late or not at all, in virtual time. */
describe("ownership", () => {
  it("gives one that is alone everything", async () => {
    const world = createWorld(1);
    const only = world.start();
    await world.run(1_000);
    expect(only.held()).toHaveLength(partitions);
  });

  it("gives who joins its share within 5 s, and no more", async () => {
    const world = createWorld(2);
    const first = world.start();
    await world.run(3_000);
    const second = world.start();
    await world.run(5_000);
    expect([first, second].map(({ held }) => held().length)).toEqual([8, 8]);
    const third = world.start();
    await world.run(5_000);
    const shares = [first, second, third].map(({ held }) => held().length);
    expect(shares.reduce((sum, share) => sum + share)).toBe(partitions);
    expect(Math.max(...shares)).toBeLessThanOrEqual(6);
  });

  it("replaces one that was killed within 4 s", async () => {
    const world = createWorld(3);
    const [first, second] = [world.start(), world.start()];
    await world.run(6_000);
    second.kill();
    await world.run(4_000);
    expect(first.held()).toHaveLength(partitions);
  });

  it("replaces one that cannot do its work within 4 s, and lets it come back", async () => {
    const world = createWorld(4);
    const [first, second] = [world.start(), world.start()];
    await world.run(6_000);
    second.setWork("fails");
    await world.run(4_000);
    expect([first, second].map(({ held }) => held().length)).toEqual([partitions, 0]);
    second.setWork("works");
    await world.run(5_000);
    expect([first, second].map(({ held }) => held().length)).toEqual([8, 8]);
  });

  it("does the same for one whose work never answers", async () => {
    const world = createWorld(5);
    const [first, second] = [world.start(), world.start()];
    await world.run(6_000);
    second.setWork("hangs");
    await world.run(4_000);
    expect([first, second].map(({ held }) => held().length)).toEqual([partitions, 0]);
  });

  it("moves nothing while nobody can do the work", async () => {
    const world = createWorld(6);
    const both = [world.start(), world.start()];
    await world.run(6_000);
    const before = world.moves();
    for (const one of both) one.setWork("fails");
    await world.run(10_000);
    expect(world.moves()).toBe(before);
  });

  it("steps back when it wakes from a long pause", async () => {
    const world = createWorld(7);
    const [first, second] = [world.start(), world.start()];
    await world.run(6_000);
    second.pause(30_000);
    await world.run(4_000);
    expect(first.held()).toHaveLength(partitions);
    await world.run(26_100);
    expect(first.surelyHeld().filter((partition) => second.surelyHeld().includes(partition))).toEqual([]);
    await world.run(5_000);
    expect([first, second].map(({ held }) => held().length)).toEqual([8, 8]);
  });

  it("keeps what it has while the table cannot be reached", async () => {
    const world = createWorld(8);
    const both = [world.start(), world.start()];
    await world.run(6_000);
    const before = world.moves();
    world.cut(true);
    await world.run(20_000);
    expect(both.map(({ held }) => held().length)).toEqual([8, 8]);
    expect(both.flatMap(({ surelyHeld }) => surelyHeld())).toEqual([]);
    world.cut(false);
    await world.run(3_000);
    expect(both.flatMap(({ surelyHeld }) => surelyHeld())).toHaveLength(partitions);
    expect(world.moves()).toBe(before);
  });

  it("hands everything over at a planned stop, finished first", async () => {
    const world = createWorld(9);
    const [first, second] = [world.start(), world.start()];
    await world.run(6_000);
    let gone = false;
    void second.stop().then(() => (gone = true));
    await world.run(400);
    expect(first.held()).toHaveLength(partitions);
    await world.run(2_000);
    expect(gone).toBe(true);
    expect(world.unfinished()).toEqual([]);
  });

  it("owns everything once in the end, and then keeps still, whatever happened", async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const world = createWorld(seed);
      const overlaps = await troubled(world);
      const alive = world.alive();
      const owned = alive.flatMap(({ held }) => held()).sort((a, b) => a - b);
      const share = Math.ceil(partitions / alive.length);
      const fair = alive.every(({ held }) => held().length <= share);
      expect({ seed, overlaps, owned, fair }).toEqual({
        seed,
        overlaps: [],
        owned: Array.from({ length: partitions }, (_, partition) => partition),
        fair: true,
      });
      const moves = world.moves();
      await world.run(15_000);
      expect({ seed, moves: world.moves() }).toEqual({ seed, moves });
    }
  }, 60_000);
});

/** Twenty seconds of joins, kills, pauses, stops and lost answers, then eight of calm. Says when two thought at once that they surely own. */
async function troubled(world: World): Promise<readonly string[]> {
  const overlaps: string[] = [];
  world.start();
  for (let second = 0; second < 20; second += 1) {
    const alive = world.alive();
    const some = alive[Math.floor(world.random() * alive.length)];
    const what = world.random();
    if (what < 0.25 && alive.length < 5) world.start();
    else if (what < 0.35 && alive.length > 1) some?.kill();
    else if (what < 0.45 && alive.length > 1) void some?.stop();
    else if (what < 0.6) some?.pause(world.random() * 6_000);
    else if (what < 0.7) some?.setWork(world.random() < 0.5 ? "fails" : "hangs");
    else if (what < 0.85) some?.setWork("works");
    else world.setLoss(world.random() < 0.5 ? 0 : world.random() * 0.5);
    for (let step = 0; step < 20; step += 1) {
      await world.run(50);
      const surely = world.alive().flatMap(({ surelyHeld }) => surelyHeld());
      if (new Set(surely).size < surely.length) overlaps.push(`at ${world.now()}`);
    }
  }
  world.setLoss(0);
  for (const one of world.alive()) one.setWork("works");
  await world.run(14_000);
  return overlaps;
}

type Work = "works" | "fails" | "hangs";

interface Player {
  held(): readonly number[];
  surelyHeld(): readonly number[];
  setWork(how: Work): void;
  kill(): void;
  pause(ms: number): void;
  stop(): Promise<void>;
}

interface World {
  start(): Player;
  alive(): readonly Player[];
  run(ms: number): Promise<void>;
  now(): number;
  random(): number;
  setLoss(share: number): void;
  cut(cut: boolean): void;
  /** How often a partition has come or gone. */
  moves(): number;
  /** Partitions that were released before they were finished. */
  unfinished(): readonly number[];
}

function createWorld(seed: number): World {
  let state = seed;
  const random = (): number => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
  const time = createTime();
  const store = createTable(() => time.now());
  const players = new Set<Player>();
  const listeners = new Set<() => void>();
  const unfinished: number[] = [];
  let [loss, isCut, moved, born] = [0, false, 0, 0];

  function start(): Player {
    born += 1;
    const id = `instance ${born}`;
    let [dead, work, pausedUntil]: [boolean, Work, number] = [false, "works", 0];
    const owned = new Set<number>();
    const finishing = new Set<number>();

    /** Whatever an instance does, it does when it is awake. */
    const later = (ms: number, act: () => void): void => {
      time.later(ms, () => {
        if (dead) return;
        if (time.now() < pausedUntil) later(pausedUntil - time.now(), act);
        else act();
      });
    };
    const sleep = (ms: number) => new Promise<void>((resolve) => later(ms, resolve));
    const overNetwork = async <T>(call: () => Promise<T>): Promise<T> => {
      await sleep(1 + random() * 10);
      if (isCut || random() < loss / 2) await sleep(1_000).then(() => Promise.reject(new Error("lost request")));
      const answer = await call();
      if (random() < loss / 2) await sleep(1_000).then(() => Promise.reject(new Error("lost answer")));
      await sleep(1 + random() * 10);
      return answer;
    };
    const remote: LeaseStore = {
      beat: (self, keep) => overNetwork(() => store.beat(self, keep)),
      claim: (self, wanted) => overNetwork(() => store.claim(self, wanted)),
      release: (self, given) => {
        unfinished.push(...given.filter((partition) => finishing.has(partition)));
        return overNetwork(() => store.release(self, given));
      },
      leave: (self) => overNetwork(() => store.leave(self)),
    };
    const ownership: Ownership = createOwnership({
      store: remote,
      partitions,
      id,
      url: () => `http://${id}`,
      async tryWork() {
        await sleep(2);
        if (work === "fails") throw new Error("no work");
        if (work === "hangs") while (work === "hangs") await sleep(100);
      },
      clock: { now: time.now, sleep },
      changes: {
        wake: () => time.later(2, () => [...listeners].forEach((hear) => hear())),
        next: (ms, signal) =>
          new Promise((resolve) => {
            const hear = (): void => {
              listeners.delete(hear);
              later(0, resolve);
            };
            listeners.add(hear);
            signal?.addEventListener("abort", hear);
            later(ms, hear);
          }),
      },
      events: {
        taken(partition) {
          moved += 1;
          owned.add(partition);
        },
        async giveUp(partition) {
          owned.delete(partition);
          finishing.add(partition);
          await sleep(20);
          finishing.delete(partition);
        },
        lost(partition) {
          moved += 1;
          owned.delete(partition);
        },
        changed: () => undefined,
      },
      log: silent,
    });
    const begin = (): void => {
      // One that cannot reach the table at its start is started again.
      void ownership.start().catch(() => later(100, begin));
    };
    begin();
    const player: Player = {
      held: () => [...owned],
      surelyHeld: () =>
        time.now() < pausedUntil
          ? []
          : Array.from({ length: partitions }, (_, index) => index).filter((index) => ownership.holds(index)),
      setWork: (how) => (work = how),
      kill() {
        dead = true;
        players.delete(player);
      },
      pause: (ms) => (pausedUntil = time.now() + ms),
      async stop() {
        players.delete(player);
        await ownership.handOver();
        await ownership.stop();
      },
    };
    players.add(player);
    return player;
  }

  return {
    start,
    alive: () => [...players],
    run: (ms) => time.run(time.now() + ms),
    now: time.now,
    random,
    setLoss: (share) => (loss = share),
    cut: (cut) => (isCut = cut),
    moves: () => moved,
    unfinished: () => unfinished,
  };
}

/** What the rows do, in memory: the int spec shows that the rows do it. */
function createTable(now: () => number): LeaseStore {
  const instances = new Map<string, Instance & { expiresAt: number }>();
  const leases = new Map<number, Omit<Lease, "remainingMs"> & { expiresAt: number }>();
  const live = <T extends { expiresAt: number }>(rows: Iterable<T>): T[] =>
    [...rows].filter(({ expiresAt }) => expiresAt > now());

  return {
    async beat(self, keep) {
      instances.set(self.id, { ...self, expiresAt: now() + leaseMs });
      const renewed = keep.filter((partition) => leases.get(partition)?.owner === self.id);
      for (const partition of renewed) {
        leases.set(partition, { partition, owner: self.id, url: self.url, expiresAt: now() + leaseMs });
      }
      return {
        others: live(instances.values()).filter(({ id }) => id !== self.id),
        leases: live(leases.values()).map((lease) => ({ ...lease, remainingMs: lease.expiresAt - now() })),
        renewed: new Set(renewed),
      };
    },
    async claim({ id, url }, wanted) {
      const taken = wanted.filter((partition) => {
        const lease = leases.get(partition);
        return lease === undefined || lease.owner === id || lease.expiresAt <= now();
      });
      for (const partition of taken) leases.set(partition, { partition, owner: id, url, expiresAt: now() + leaseMs });
      return taken;
    },
    async release({ id }, given) {
      for (const partition of given) if (leases.get(partition)?.owner === id) leases.delete(partition);
    },
    async leave({ id }) {
      for (const { partition, owner } of [...leases.values()]) if (owner === id) leases.delete(partition);
      instances.delete(id);
    },
  };
}

/** Time that passes from one task to the next; all promises that a task settles run before the next one. */
function createTime() {
  const tasks: { at: number; act: () => void }[] = [];
  let now = 0;
  return {
    now: () => now,
    later(ms: number, act: () => void): void {
      const at = now + Math.max(0, ms);
      const place = tasks.findIndex((task) => task.at > at);
      tasks.splice(place < 0 ? tasks.length : place, 0, { at, act });
    },
    async run(until: number): Promise<void> {
      for (let next = tasks[0]; next !== undefined && next.at <= until; next = tasks[0]) {
        tasks.shift();
        now = next.at;
        next.act();
        await new Promise((resolve) => setImmediate(resolve));
      }
      now = until;
    },
  };
}
