import { highest, lowest, type Offsets } from "./offsets.ts";

/**
 * What is known of one socket of a device. Times are milliseconds of one clock, the database's, which all instances go by.
 */
export interface SocketFacts {
  readonly socket: string;
  /** What has arrived for certain. */
  readonly offsets: Offsets;
  /** `left`: it ended without a word. `closed`: its client said goodbye, and may be back at once, as a page that is loaded anew. */
  readonly state: "open" | "left" | "closed";
  readonly beganAt: number;
  /** Its last sign of life; of an open one the last that is known. */
  readonly aliveAt: number;
  /** Its client itself has said where it began: it knows better than what is kept here. */
  readonly exact: boolean;
  /** It has come in the place of one of which nothing is kept any more. */
  readonly succeeds: boolean;
}

export interface Succession {
  readonly left: string;
  readonly by: string;
  /** Where the successor has got, by its own proof or that of those whose places it took. */
  readonly offsets: Offsets;
}

/** Where a device stands. */
export interface Standing {
  /** Where its next socket starts that names no cursor; null when nothing is known. */
  readonly offsets: Offsets | null;
  /** Sockets in whose place another one has come. */
  readonly successions: readonly Succession[];
  /** Sockets that count no more. */
  readonly over: readonly string[];
}

/**
 * When a device has come back, so long the places of its other sockets that were cut off with it are kept, and the place of one that
 * was closed is kept so long. Browsers let a window in the background wait for a minute, and clients that try again wait for up to a
 * minute more.
 */
export const KEPT_FOR_MS = 5 * 60_000;

/** More than a user may have open: older ones of one device are of somebody who opens and drops them without end. */
const MOST_SOCKETS = 200;

/**
 * Where a device stands, from its sockets alone.
 *
 * Sockets of one device look all alike, so nobody knows which of them comes back. Each new one may come in the place of one
 * that ended without a word before it began, and of one only: two that were cut off together are both owed what they missed,
 * and a place that was taken is told no second time. A connection that died is often noticed after its client is back; so what
 * counts is its last sign of life, not when it was found dead. Until then it looks open, and who comes starts as low as it is.
 *
 * Of several the highest count as taken first: any of them may be the one that is still away.
 */
export function standingOf(rows: readonly SocketFacts[], now: number): Standing {
  const all = rows.map((one) => (mayBeBack(one, now) ? ({ ...one, state: "left" } as const) : one));
  const sockets = [...all].sort((one, other) => other.beganAt - one.beganAt).slice(0, MOST_SOCKETS);
  const left = sockets.filter(({ state }) => state === "left");
  const open = sockets.filter(isOpen);
  const successions = successionsOf(sockets);
  const taken = new Set(successions.map((succession) => succession.left));
  const places = placesOf(sockets, successions);
  const firstBegunAfter = ({ socket, aliveAt }: SocketFacts): number =>
    Math.min(
      ...sockets.filter((other) => other.socket !== socket && other.beganAt > aliveAt).map(({ beganAt }) => beganAt),
    );
  const isForgotten = (one: SocketFacts): boolean => now - firstBegunAfter(one) > KEPT_FOR_MS;
  const owed = left.filter((one) => !taken.has(one.socket) && !isForgotten(one));

  const floors = [...owed, ...open].map(({ socket }) => places.get(socket) ?? []);
  const reached = [...places.values()];
  return {
    // Where every socket was closed by its client long ago, or succeeded, the device has got as far as any of them.
    offsets: floors.length > 0 ? floors.reduce(lowest) : reached.length > 0 ? reached.reduce(highest) : null,
    successions: successions.map((pair) => ({ ...pair, offsets: places.get(pair.by) ?? [] })),
    over: all
      .filter((one) =>
        !sockets.includes(one) || one.state === "closed"
          ? sockets.some((other) => other !== one && other.beganAt > one.aliveAt)
          : one.state === "left" && !taken.has(one.socket) && isForgotten(one),
      )
      .map(({ socket }) => socket),
  };
}

/** For a while goodbye is no farewell: the place of one that says it is kept as if it had been cut off. */
const mayBeBack = ({ state, aliveAt }: SocketFacts, now: number): boolean =>
  state === "closed" && now - aliveAt <= KEPT_FOR_MS;

type Pair = Omit<Succession, "offsets">;

/**
 * In whose place another one has come: of those that are not there any more, or may not be, each that can have a successor of its
 * own, the highest places first. What looks open may claim a successor, but is not out of the game.
 */
function successionsOf(sockets: readonly SocketFacts[]): readonly Pair[] {
  const successors = sockets.filter(({ succeeds }) => !succeeds).sort((one, other) => one.beganAt - other.beganAt);
  const claimants = sockets
    .filter(({ state }) => state !== "closed")
    .sort((one, other) => sum(other.offsets) - sum(one.offsets) || Number(isOpen(one)) - Number(isOpen(other)));
  let found: readonly Pair[] = [];
  let succeeded: readonly SocketFacts[] = [];
  for (const one of claimants) {
    const more = [...succeeded, one];
    const matched = match(more, successors);
    if (matched === null) continue;
    succeeded = more;
    found = matched;
  }
  const open = new Set(sockets.filter(isOpen).map(({ socket }) => socket));
  return found.filter(({ left }) => !open.has(left));
}

/**
 * A successor for each, or null. Of what looks open nobody knows until when it was alive, so it is left the latest. Of the others who
 * was alive last has the fewest to choose from, all of which the others can have too.
 */
function match(claimants: readonly SocketFacts[], successors: readonly SocketFacts[]): readonly Pair[] | null {
  const free = [...successors];
  const found: Pair[] = [];
  const inOrder = [...claimants].sort(
    (one, other) => Number(isOpen(other)) - Number(isOpen(one)) || other.aliveAt - one.aliveAt,
  );
  for (const one of inOrder) {
    const mayFollow = ({ socket, beganAt }: SocketFacts): boolean => socket !== one.socket && beganAt > one.aliveAt;
    const at = isOpen(one) ? free.findLastIndex(mayFollow) : free.findIndex(mayFollow);
    const [by] = at < 0 ? [] : free.splice(at, 1);
    if (by === undefined) return null;
    found.push({ left: one.socket, by: by.socket });
  }
  return found;
}

/** How far each has got: who said himself where he is has got as far as the one whose place he took. */
function placesOf(sockets: readonly SocketFacts[], pairs: readonly Pair[]): ReadonlyMap<string, Offsets> {
  const places = new Map(sockets.map(({ socket, offsets }) => [socket, offsets]));
  for (const { socket, exact } of [...sockets].sort((one, other) => one.beganAt - other.beganAt)) {
    const taken = places.get(pairs.find(({ by }) => by === socket)?.left ?? "");
    const own = places.get(socket);
    if (exact && taken !== undefined && own !== undefined) places.set(socket, highest(own, taken));
  }
  return places;
}

const isOpen = ({ state }: SocketFacts): boolean => state === "open";

const sum = (offsets: Offsets): number => offsets.reduce((total, offset) => total + offset, 0);
