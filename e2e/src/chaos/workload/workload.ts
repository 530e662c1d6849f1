import { setTimeout as pause } from "node:timers/promises";
import { createChance } from "../../harness/chance.ts";
import type { Note } from "../history.ts";
import { type Device, startDevice } from "./device.ts";
import { attempt, type HttpCall } from "./http-call.ts";
import { lookAtRest, newestSeq } from "./look-at-rest.ts";
import type { Addresses, Person, Room, Sizes, World } from "./world.ts";
import { createWriter } from "./writer.ts";

const PASSWORD = "correct horse battery staple";
const LOOK_EVERY_MS = 100;
/** Making accounts and rooms, before anything is broken. */
const PREPARED_WITHIN_MS = 60_000;

/** People who write, and their devices. */
export interface Workload {
  /** Stops the writers, who bring to an end what is on its way; false when some have not within `ms`. */
  stopWriting(ms: number): Promise<boolean>;
  /** Waits until answers and devices hold all that was written, and notes how long that took since `since`. */
  comeToRest(since: number, ms: number): Promise<boolean>;
  /** Notes all that is there. */
  lookAtRest(): Promise<void>;
  /** Devices and writers go, with or without an answer. */
  stop(): Promise<void>;
}

interface Options {
  readonly addresses: Addresses;
  /** Each query-api, to be asked one by one whether it has caught up. */
  readonly queryApis: readonly string[];
  readonly seed: number;
  readonly sizes: Sizes;
  readonly note: Note;
  /** Accounts that are there already, as many as people and guests; made when absent. */
  readonly accounts?: readonly Person[];
}

/** Makes accounts, opens two devices for each, makes rooms, and lets everybody write. Rejects when nobody can begin. */
export async function startWorkload({ addresses, queryApis, seed, sizes, note, accounts }: Options): Promise<Workload> {
  const seeds = createChance(seed);
  let number = 0;
  const over = new AbortController();
  const stopped = new AbortController();
  const world = (): World => ({
    addresses,
    note,
    stopped: stopped.signal,
    chance: createChance(seeds.below(2 ** 31)),
    nextNumber: () => (number += 1),
  });
  const everybody = accounts ?? (await makeAccounts(addresses, sizes.people + sizes.guests, seed));
  const people = everybody.slice(0, sizes.people);
  const guests = everybody.slice(sizes.people);
  const devices: Device[] = [];
  let writing: Promise<unknown> = Promise.resolve();
  await using begun = new AsyncDisposableStack();
  begun.defer(async () => {
    over.abort();
    stopped.abort();
    await Promise.all([writing.catch(() => undefined), ...devices.map((device) => device.stop())]);
  });
  for (const person of everybody) {
    for (const mode of ["plain", "resuming"] as const) {
      const { connectedMs } = sizes;
      const name = `${mode}-${person.name}`;
      devices.push(await startDevice({ name, person, mode, connectedMs, world: world() }));
    }
  }
  const rooms = await makeRooms();
  writing = Promise.all(
    everybody.map((person) => {
      const own = rooms.filter((room) => room.members.includes(person) || room.guests.includes(person));
      return createWriter(person, own, sizes, world()).write(over.signal);
    }),
  );
  writing.catch(() => undefined);

  async function makeRooms(): Promise<Room[]> {
    const made: Room[] = [];
    for (let index = 0; index <= sizes.rooms; index += 1) {
      // The last one is of two alone.
      const two = index === sizes.rooms;
      // Everybody is in the first room, guests too; in the others half of the people, and in every second one guests come and go.
      const all = index === 0;
      const some = all ? everybody : people.filter((_, place) => (place + index) % 2 === 0);
      const members = two ? people.slice(0, 2) : some;
      const [owner] = members;
      if (owner === undefined) throw new Error("a room without members");
      const ids = members.map(({ id }) => id);
      const body = two
        ? { chat_type: "private", member_ids: ids.slice(1) }
        : { chat_type: "group", name: `room ${index}`, member_ids: ids };
      const url = (): string => `${addresses.commands()}/api/chats`;
      const chat = (await certainly(() => ({
        method: "POST",
        url: url(),
        body,
        token: owner.token,
        key: `room-${seed}-${index}`,
      }))) as { id: string };
      made.push({ id: chat.id, owner, members, guests: !all && !two && index % 2 === 1 ? guests : [] });
    }
    return made;
  }

  /** What a device must have heard: of rooms where its user stayed, the newest message. */
  async function isAtRest(): Promise<{ answers: boolean; pushes: boolean }> {
    let pushes = true;
    for (const room of rooms) {
      const newest = await Promise.all(queryApis.map((queries) => newestSeq(queries, room)));
      if (newest.includes(null) || new Set(newest).size !== 1) return { answers: false, pushes: false };
      const ids = new Set(room.members.map(({ id }) => id));
      const here = devices.filter(({ user }) => ids.has(user));
      if (here.some((device) => device.heardUpTo(room.id) < (newest[0] ?? 0))) pushes = false;
    }
    return { answers: true, pushes };
  }

  const running = begun.move();
  return {
    async stopWriting(ms) {
      over.abort();
      return Promise.race([writing.then(() => true), pause(ms, false, { ref: false })]);
    },
    async comeToRest(since, ms) {
      for (const device of devices) device.settle();
      const elapsed = (): number => Math.round(performance.now() - since);
      const done = { answers: false, pushes: false };
      while (elapsed() < ms && !(done.answers && done.pushes)) {
        const now = await isAtRest();
        for (const what of ["answers", "pushes"] as const) {
          if (now[what] && !done[what]) note({ type: "caught-up", what, ms: elapsed() });
          done[what] ||= now[what];
        }
        await pause(LOOK_EVERY_MS);
      }
      for (const what of ["answers", "pushes"] as const) if (!done[what]) note({ type: "caught-up", what, ms: null });
      return done.answers && done.pushes;
    },
    lookAtRest: () => lookAtRest({ queries: queryApis[0] ?? "", rooms, people: everybody, note }),
    stop: () => running.disposeAsync(),
  };
}

function makeAccounts(addresses: Addresses, count: number, seed: number): Promise<Person[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => register(addresses, `w${index + 1}`, seed)));
}

async function register(addresses: Addresses, name: string, seed: number): Promise<Person> {
  const email = `${name}.${seed}@example.org`;
  const account = (await certainly(() => ({
    method: "POST",
    url: `${addresses.commands()}/api/auth/register`,
    body: { email, password: PASSWORD, name },
  }))) as { id: string; access_token: string };
  return { id: account.id, name, token: account.access_token };
}

/** Before the trouble begins: what fails is tried again. */
async function certainly(call: () => HttpCall): Promise<unknown> {
  const late = performance.now() + PREPARED_WITHIN_MS;
  for (;;) {
    const outcome = await attempt(call());
    if (outcome.type === "ok") return outcome.body;
    if (performance.now() > late) throw new Error(`${call().url} was answered ${outcome.why}`);
    await pause(LOOK_EVERY_MS);
  }
}
