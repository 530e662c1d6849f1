import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { KEPT_FOR_MS, standingOf, type SocketFacts, type Standing } from "./succession.ts";

const now = 1_000;

function socket(name: string, facts: Partial<SocketFacts>): SocketFacts {
  const aliveAt = facts.aliveAt ?? facts.beganAt ?? 1;
  return { socket: name, offsets: [5], state: "left", beganAt: 1, exact: false, succeeds: false, ...facts, aliveAt };
}

const startAfter = (...sockets: readonly SocketFacts[]): number | undefined => standingOf(sockets, now).offsets?.[0];

describe("a device stands", () => {
  it("nowhere while nothing is known of it", () => {
    expect(standingOf([], now)).toEqual({ offsets: null, successions: [], over: [] });
  });

  it("as low as its lowest open socket, by partition", () => {
    const sockets = [
      socket("one", { state: "open", offsets: [5, 2] }),
      socket("other", { state: "open", offsets: [3, 9] }),
    ];
    expect(standingOf(sockets, now).offsets).toEqual([3, 2]);
  });

  it("where a socket ended without a word, however far others have got", () => {
    expect(
      startAfter(socket("cut", { beganAt: 2, aliveAt: 10 }), socket("other", { state: "open", offsets: [9] })),
    ).toBe(5);
    expect(
      startAfter(socket("cut", { beganAt: 2, aliveAt: 10 }), socket("other", { state: "closed", offsets: [9] })),
    ).toBe(5);
  });

  it("no longer where a socket was left in whose place another has come", () => {
    const cut = socket("cut", { aliveAt: 10 });
    expect(startAfter(cut, socket("back", { beganAt: 20, state: "closed", offsets: [9] }))).toBe(9);
    expect(startAfter(cut, socket("back", { beganAt: 20, aliveAt: 30, offsets: [9] }))).toBe(9);
  });

  it("as low as a socket that looks open: it may be dead, and this its client who is back", () => {
    expect(startAfter(socket("dead?", { state: "open" }), socket("left", { beganAt: 20, offsets: [9] }))).toBe(5);
  });

  it("where a socket was closed a while ago, however far others have got: its client may be on the way back", () => {
    const closed = socket("closed", { state: "closed", aliveAt: 10 });
    const open = socket("other", { state: "open", offsets: [9] });
    expect(standingOf([closed, open], 10 + KEPT_FOR_MS).offsets).toEqual([5]);
    expect(standingOf([closed, open], 10 + KEPT_FOR_MS + 1).offsets).toEqual([9]);
  });

  it("as far as any has got, when all were closed long ago", () => {
    const sockets = [socket("one", { state: "closed" }), socket("other", { state: "closed", offsets: [9] })];
    expect(standingOf(sockets, KEPT_FOR_MS + 2).offsets).toEqual([9]);
  });

  it("where the lowest was of two that were cut off together, until both are back", () => {
    const [one, other] = [socket("one", { aliveAt: 10 }), socket("other", { aliveAt: 12, offsets: [7] })];
    const back = socket("back", { beganAt: 20, state: "open", offsets: [9] });
    const too = socket("too", { beganAt: 21, state: "open", offsets: [8] });
    expect(startAfter(one, other, back)).toBe(5);
    // The first that came back may have been cut off again, and this be its client once more.
    expect(startAfter(one, other, back, too)).toBe(5);
    expect(startAfter(one, other, { ...back, aliveAt: 22 }, too)).toBe(8);
  });

  it("without the other one, when the device has been back for long and that has not come", () => {
    const sockets = [socket("one", { aliveAt: 10 }), socket("other", { aliveAt: 10, offsets: [7] })];
    const back = socket("back", { beganAt: 20, state: "open", offsets: [9] });
    const later = standingOf([...sockets, back], 20 + KEPT_FOR_MS + 1);
    expect(later).toEqual({ offsets: [9], successions: [{ left: "other", by: "back", offsets: [9] }], over: ["one"] });
    // However long nobody came at all.
    expect(standingOf(sockets, 20 * KEPT_FOR_MS).offsets).toEqual([5]);
  });

  it("where it was, though its client asked to be told older things again", () => {
    const again = socket("again", { beganAt: 20, state: "open", offsets: [2], exact: true });
    expect(startAfter(socket("cut", { aliveAt: 10 }), again)).toBe(5);
  });
});

describe("who took a place", () => {
  const back = { beganAt: 20, state: "open", offsets: [9] } as const;

  it("takes no other one", () => {
    const sockets = [socket("cut", { aliveAt: 10 }), socket("back", { ...back, succeeds: true })];
    expect(standingOf(sockets, now)).toMatchObject({ offsets: [5], successions: [] });
  });

  it("did not take one that was alive when it began", () => {
    expect(startAfter(socket("cut", { aliveAt: 25 }), socket("back", back))).toBe(5);
  });
});

describe("any number of windows of one device", () => {
  it("are each told everything, cut off or closed and back in any order, and a lone one that was found dead nothing twice that it proved", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(move, { minLength: 20, maxLength: 60, size: "max" }),
        (windows, moves) => {
          const device = createDevice(windows);
          for (const one of moves) device.play(one);
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

const move = fc.record({
  window: fc.nat({ max: 3 }),
  does: fc.constantFrom("opens", "hears", "hears", "is cut off", "is found dead", "says goodbye", "is tidied" as const),
  by: fc.integer({ min: 1, max: 5 }),
});
type Move = typeof move extends fc.Arbitrary<infer T> ? T : never;

interface Window {
  /** Of what was told, what it has proved. */
  has: number;
  /** The socket that it has now. */
  socket: string | null;
  /** Was cut off or closed, and wants to go on from there. */
  isAway: boolean;
}

/** Windows that look all alike to the server, and what it knows. New ones open only while none is away. */
function createDevice(count: number) {
  const windows = Array.from({ length: count }, (): Window => ({ has: 0, socket: null, isAway: false }));
  let rows: SocketFacts[] = [];
  let time = 1;
  let made = 0;

  const change = (name: string | null, facts: Partial<SocketFacts>): void => {
    rows = rows.map((row) => (row.socket === name ? { ...row, ...facts } : row));
  };
  /** One was closed while another looked open that was dead: whose place was taken by whom is not known any more. */
  let inDoubt = false;
  /** What was cut off and is not found dead yet: the server takes it for open. */
  const dead = new Map<string, number>();

  function open(one: Window): void {
    const { offsets } = standingOf(rows, time);
    const start = offsets?.[0] ?? one.has;
    if (one.isAway) expect(start).toBeLessThanOrEqual(one.has);
    if (one.isAway && count === 1 && dead.size === 0 && !inDoubt) expect(start).toBe(one.has);
    made += 1;
    one.socket = `socket ${made}`;
    one.isAway = false;
    one.has = start;
    rows = [...rows, socket(one.socket, { state: "open", offsets: [start], beganAt: time })];
  }

  function tidy({ successions, over }: Standing): void {
    const taken = new Set(successions.map(({ left }) => left));
    for (const { by } of successions) change(by, { succeeds: true });
    rows = rows.filter((row) => !taken.has(row.socket) && !over.includes(row.socket));
  }

  return {
    play({ window, does, by }: Move): void {
      const one = windows[window % count];
      if (one === undefined) return;
      time += 1;
      if (does === "opens" && one.socket === null) {
        if (one.isAway || !windows.some(({ isAway }) => isAway)) open(one);
      } else if (does === "hears" && one.socket !== null) {
        one.has += by;
        change(one.socket, { offsets: [one.has] });
      } else if (does === "is cut off" && one.socket !== null) {
        dead.set(one.socket, time);
        one.socket = null;
        one.isAway = true;
      } else if (does === "is found dead") {
        for (const [name, aliveAt] of dead) change(name, { state: "left", aliveAt });
        dead.clear();
      } else if (does === "says goodbye" && one.socket !== null) {
        change(one.socket, { state: "closed", aliveAt: time });
        inDoubt ||= dead.size > 0;
        one.socket = null;
        one.isAway = true;
      } else if (does === "is tidied") tidy(standingOf(rows, time));
    },
  };
}
